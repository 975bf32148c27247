flow_unit_test(state_test SOURCES state_test.cpp DEPENDS flow_runtime)
