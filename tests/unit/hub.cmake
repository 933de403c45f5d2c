# Every agent's session behind one door, with the agent's real state machine at the other end.
ringwall_test(unit_hub
  SOURCES hub_agent.cpp hub_test.cpp session_words.cpp
  LIBS ringwall_agent_session ringwall_fleet ringwall_wire fmt::fmt LABELS unit)
