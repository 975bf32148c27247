flow_unit_test(exchange_test SOURCES exchange_test.cpp DEPENDS flow_runtime)
