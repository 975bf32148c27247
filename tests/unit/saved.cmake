flow_unit_test(saved_test SOURCES saved_test.cpp DEPENDS flow_runtime)
