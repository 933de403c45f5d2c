ringwall_test(unit_agent SOURCES agent_api_test.cpp agent_digest_test.cpp agent_files_test.cpp agent_host_test.cpp
  agent_metrics_test.cpp agent_notify_test.cpp agent_options_test.cpp agent_server_test.cpp agent_source_test.cpp
  agent_why_test.cpp
  LIBS ringwall_agent_host ringwall_agent_core ringwall_agent_source ringwall_agent_view ringwall_notify fmt::fmt LABELS unit)
