flow_unit_test(host_test SOURCES host_test.cpp DEPENDS flow_runtime)
flow_unit_test(latency_test SOURCES latency_test.cpp DEPENDS flow_runtime)
flow_unit_test(native_test SOURCES native_test.cpp DEPENDS flow_runtime)
flow_unit_test(clock_test SOURCES clock_test.cpp DEPENDS flow_runtime)
