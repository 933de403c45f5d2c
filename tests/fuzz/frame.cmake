ringwall_fuzzer(fuzz_frame
  SOURCES frame_fuzz.cpp LIBS ringwall_agent_session ringwall_fleet ringwall_wire
  CORPUS ${CMAKE_CURRENT_SOURCE_DIR}/frame)
