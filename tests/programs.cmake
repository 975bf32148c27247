# Whole programs: each example built with flowc and run straight, with four workers, stopped and restored at another
# parallelism, and killed and restored, always against one expected file (tests/tools/run_program.py).
# The list of programs is tests/run/programs.json; a case is one CTest test, "program.<program>.<mode>".
execute_process(
  COMMAND ${FLOW_PYTHON} ${PROJECT_SOURCE_DIR}/tests/tools/run_program.py --list
  OUTPUT_VARIABLE cases OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS
             ${PROJECT_SOURCE_DIR}/tests/run/programs.json ${PROJECT_SOURCE_DIR}/tests/tools/run_program.py)
string(REPLACE "\n" ";" cases "${cases}")
foreach(line IN LISTS cases)
  string(REPLACE " " ";" fields "${line}")   # program mode timeout-in-seconds processors
  list(GET fields 0 program)
  list(GET fields 1 mode)
  list(GET fields 2 timeout)
  list(GET fields 3 processors)
  add_test(NAME program.${program}.${mode}
           COMMAND ${FLOW_PYTHON} ${PROJECT_SOURCE_DIR}/tests/tools/run_program.py ${program} ${mode}
                   --flowc $<TARGET_FILE:flowc> --work ${PROJECT_BINARY_DIR}/tests/run)
  set_tests_properties(program.${program}.${mode} PROPERTIES
    TIMEOUT ${timeout} PROCESSORS ${processors} SKIP_RETURN_CODE 77 LABELS program)
endforeach()
