# What Flow takes from the system: all of it packages of Debian 12, listed in scripts/setup.sh.

find_package(LLVM 19.1 REQUIRED CONFIG HINTS /usr/lib/llvm-19/lib/cmake/llvm)
find_package(LLD 19.1 REQUIRED CONFIG HINTS /usr/lib/llvm-19/lib/cmake/lld)
find_package(Threads REQUIRED)
find_package(fmt REQUIRED CONFIG)
find_package(FLEX 2.6 REQUIRED)
find_package(BISON 3.8 REQUIRED)
find_package(GTest REQUIRED)
find_library(FLOW_ZSTD_STATIC NAMES libzstd.a REQUIRED)
find_library(FLOW_ZLIB_STATIC NAMES libz.a REQUIRED)

# The clang that makes the runtime's bitcode: always 19, whatever compiles the rest.
find_program(FLOW_CLANGXX NAMES clang++-19 REQUIRED)

# flow::llvm: headers as system headers, libLLVM-19.so. No RTTI of our own towards LLVM is needed.
add_library(flow_llvm INTERFACE)
add_library(flow::llvm ALIAS flow_llvm)
target_include_directories(flow_llvm SYSTEM INTERFACE ${LLVM_INCLUDE_DIRS})
target_link_libraries(flow_llvm INTERFACE LLVM)

# flow::lld: the linker as a library.
add_library(flow_lld INTERFACE)
add_library(flow::lld ALIAS flow_lld)
target_include_directories(flow_lld SYSTEM INTERFACE ${LLVM_INCLUDE_DIRS} ${LLD_INCLUDE_DIRS})
target_link_libraries(flow_lld INTERFACE lldELF lldCommon LLVM)
