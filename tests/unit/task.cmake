flow_unit_test(task_test SOURCES task_test.cpp DEPENDS flow_runtime)
