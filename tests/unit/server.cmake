# The controller's port over real TLS on loopback: HTTP, agents' sessions, limits.
ringwall_test(unit_server
  SOURCES hub_agent.cpp server_agent_test.cpp server_client.cpp server_flood_test.cpp
          server_gate_test.cpp server_http_test.cpp server_stop_test.cpp server_stream_test.cpp
          server_world.cpp session_words.cpp
  LIBS ringwall_server ringwall_agent_session ringwall_authority ringwall_wire OpenSSL::SSL
       Threads::Threads fmt::fmt LABELS unit NETWORK)
