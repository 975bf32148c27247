foreach(name lists_test table_test table_copy_test state_memory_test layout_codec_test pane_set_test timer_queue_test)
  flow_unit_test(${name} SOURCES ${name}.cpp DEPENDS flow_runtime)
endforeach()
