flow_unit_test(task_test SOURCES task_test.cpp DEPENDS flow_runtime)
flow_unit_test(task_records_test SOURCES task_records_test.cpp DEPENDS flow_runtime)
flow_unit_test(combining_test SOURCES combining_test.cpp DEPENDS flow_runtime)
