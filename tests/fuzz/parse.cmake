flow_fuzz_test(parse_fuzz SOURCES parse_fuzz.cpp DEPENDS flow_lang CORPUS corpus/parse SECONDS 60
               ARGS -max_len=8192 -dict=${CMAKE_CURRENT_SOURCE_DIR}/parse.dict)
