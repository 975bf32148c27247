# The lit tests as one CTest test, "lit"; scripts/test.sh counts its cases from the report.
find_program(FLOW_LIT NAMES lit.py PATHS ${LLVM_TOOLS_BINARY_DIR}/../build/utils/lit NO_DEFAULT_PATH REQUIRED)
configure_file(${CMAKE_CURRENT_SOURCE_DIR}/lit.site.cfg.py.in ${CMAKE_CURRENT_BINARY_DIR}/lit.site.cfg.py @ONLY)
file(MAKE_DIRECTORY ${PROJECT_BINARY_DIR}/reports)
add_test(NAME lit
         COMMAND ${FLOW_PYTHON} ${FLOW_LIT} -sv --timeout 120 -o ${PROJECT_BINARY_DIR}/reports/lit.json ${CMAKE_CURRENT_BINARY_DIR})
set_tests_properties(lit PROPERTIES TIMEOUT 1800 PROCESSORS 2)
