# flow_library(NAME SOURCES a.cpp … DEPENDS other …): one static library per room, included by paths from the
# repository's root. flow_executable(NAME SOURCES … DEPENDS …): the same for a program, which lands in build/bin.

function(flow_common_settings name)
  target_include_directories(${name} PUBLIC ${PROJECT_SOURCE_DIR} ${PROJECT_BINARY_DIR}/generated)
  target_link_libraries(${name} PUBLIC fmt::fmt-header-only)
endfunction()

function(flow_library name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;DEPENDS")
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "flow_library(${name}): unknown arguments ${arg_UNPARSED_ARGUMENTS}")
  endif()
  add_library(${name} STATIC ${arg_SOURCES})
  flow_common_settings(${name})
  target_link_libraries(${name} PUBLIC ${arg_DEPENDS})
endfunction()

function(flow_executable name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;DEPENDS")
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "flow_executable(${name}): unknown arguments ${arg_UNPARSED_ARGUMENTS}")
  endif()
  add_executable(${name} ${arg_SOURCES})
  flow_common_settings(${name})
  target_link_libraries(${name} PRIVATE ${arg_DEPENDS})
endfunction()
