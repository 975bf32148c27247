flow_unit_test(formats_test SOURCES formats_test.cpp DEPENDS flow_runtime)
