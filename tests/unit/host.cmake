flow_unit_test(host_test SOURCES host_test.cpp DEPENDS flow_runtime)
