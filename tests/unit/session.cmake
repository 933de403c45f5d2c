# The session between agent and controller, and the spool.
find_package(rapidcheck REQUIRED)
ringwall_test(unit_session
  SOURCES session_agent_test.cpp session_chaos_test.cpp session_controller_test.cpp
          session_spool_test.cpp session_wire_test.cpp session_words.cpp
  LIBS ringwall_agent_session ringwall_fleet ringwall_wire rapidcheck fmt::fmt LABELS unit)
