# The decoder is compiled here: the loader itself needs libbpf, which this build leaves out.
ringwall_fuzzer(fuzz_event
  SOURCES event_fuzz.cpp ${PROJECT_SOURCE_DIR}/loader/decode.cpp ${PROJECT_SOURCE_DIR}/loader/path_id.cpp
  LIBS ringwall_agent_view
  CORPUS ${CMAKE_CURRENT_SOURCE_DIR}/event)
