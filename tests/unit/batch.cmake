flow_unit_test(batch_test SOURCES batch_test.cpp DEPENDS flow_runtime)
