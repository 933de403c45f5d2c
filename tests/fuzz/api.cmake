ringwall_fuzzer(fuzz_api
  SOURCES api_fuzz.cpp LIBS ringwall_api
  CORPUS ${CMAKE_CURRENT_SOURCE_DIR}/api)
