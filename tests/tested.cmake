# Programs with tests of their own (`test "…" { … }`), each run plain and by many seeds: "tested.<program>".
function(flow_tested name file seeds)
  add_test(NAME tested.${name} COMMAND flowc test ${file} --seeds ${seeds} ${ARGN})
  set_tests_properties(tested.${name} PROPERTIES LABELS tested TIMEOUT 300)
endfunction()

foreach(program IN ITEMS fraud/fraud long_rides/long_rides web_log/sessions)
  get_filename_component(name ${program} NAME)
  flow_tested(${name} ${PROJECT_SOURCE_DIR}/examples/${program}.flow 200)
endforeach()
flow_tested(every_end ${CMAKE_CURRENT_SOURCE_DIR}/tested/every_end.flow 200)
flow_tested(clock ${CMAKE_CURRENT_SOURCE_DIR}/tested/clock.flow 200)
# Without optimisation: the same.
flow_tested(every_end.O0 ${CMAKE_CURRENT_SOURCE_DIR}/tested/every_end.flow 20 -O 0)
