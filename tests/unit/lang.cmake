flow_unit_test(lang_test SOURCES lang_text_test.cpp lang_parse_test.cpp lang_error_test.cpp DEPENDS flow_lang)
