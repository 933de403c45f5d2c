ringwall_test(unit_flows SOURCES flows_test.cpp flow_text_test.cpp flow_filter_test.cpp
  LIBS ringwall_agent_view LABELS unit)
