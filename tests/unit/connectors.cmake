flow_unit_test(connectors_test SOURCES sources_test.cpp connectors_test.cpp DEPENDS flow_runtime)
