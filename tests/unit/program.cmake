flow_unit_test(program_test SOURCES program_test.cpp DEPENDS flow_runtime)
