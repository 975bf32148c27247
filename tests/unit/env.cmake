flow_unit_test(base_test SOURCES base_test.cpp text_test.cpp DEPENDS flow_runtime)
flow_unit_test(env_test SOURCES env_test.cpp faulty_env_test.cpp DEPENDS flow_runtime)
flow_unit_test(sim_env_test SOURCES sim_env_test.cpp power_loss_test.cpp DEPENDS flow_runtime)
