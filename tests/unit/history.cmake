ringwall_test(unit_history SOURCES history_test.cpp
  LIBS ringwall_history ringwall_flow_map ringwall_policy fmt::fmt LABELS unit)
