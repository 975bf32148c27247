# How everything is compiled. Loaded once by the root CMakeLists.txt.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)   # one runtime archive serves executables and shared objects
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "RelWithDebInfo, Debug or Release" FORCE)
endif()
# Assertions stay on in every build: NDEBUG is never defined.
foreach(lang IN ITEMS C CXX)
  set(CMAKE_${lang}_FLAGS_RELWITHDEBINFO "-O2 -g1")
  set(CMAKE_${lang}_FLAGS_RELEASE "-O2")
  set(CMAKE_${lang}_FLAGS_DEBUG "-O1 -g")
endforeach()

add_compile_options(-Wall -Wextra -ffunction-sections -fdata-sections)
# A designated initialiser names what is not the default.
add_compile_options($<$<COMPILE_LANG_AND_ID:CXX,Clang>:-Wno-missing-designated-field-initializers>)
if(FLOW_WERROR)
  add_compile_options(-Werror)
endif()

find_program(FLOW_CCACHE ccache)
if(FLOW_CCACHE)
  set(CMAKE_C_COMPILER_LAUNCHER ${FLOW_CCACHE})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${FLOW_CCACHE})
endif()

# clang-19 finds ld.lld-19 beside itself; g++ finds "ld.lld" on PATH only, and then keeps its default linker.
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  add_link_options(-fuse-ld=lld)
endif()
add_link_options(-Wl,--gc-sections)

if(FLOW_SANITIZE STREQUAL "address")
  add_compile_options(-fsanitize=address,undefined -fno-sanitize=vptr -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=address,undefined -fno-sanitize=vptr)
elseif(FLOW_SANITIZE STREQUAL "thread")
  add_compile_options(-fsanitize=thread -fno-omit-frame-pointer)
  add_link_options(-fsanitize=thread)
elseif(NOT FLOW_SANITIZE STREQUAL "")
  message(FATAL_ERROR "FLOW_SANITIZE is '${FLOW_SANITIZE}': give address, thread or nothing")
endif()
if(FLOW_FUZZ)
  if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    message(FATAL_ERROR "FLOW_FUZZ needs clang")
  endif()
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
