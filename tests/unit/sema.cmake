flow_unit_test(sema_test SOURCES sema_test.cpp DEPENDS flow_sema flow_lang)
