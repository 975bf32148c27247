flow_unit_test(formats_test SOURCES formats_test.cpp DEPENDS flow_runtime)
flow_unit_test(csv_marks_test SOURCES csv_marks_test.cpp DEPENDS flow_runtime)
flow_unit_test(json_marks_test SOURCES json_marks_test.cpp DEPENDS flow_runtime)
flow_unit_test(encoding_test SOURCES encoding_test.cpp DEPENDS flow_runtime)
