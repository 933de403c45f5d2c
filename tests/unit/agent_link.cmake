# The agent under a controller: pairing, what it keeps, its session over real TLS, reports, summaries.
ringwall_test(unit_agent_link
  SOURCES agent_link_credentials_test.cpp agent_link_cuts_test.cpp agent_link_halves_test.cpp agent_link_held_test.cpp
          agent_link_impacts_test.cpp
          agent_link_pairing_test.cpp agent_link_report_test.cpp agent_link_state_test.cpp
          agent_link_summaries_test.cpp agent_link_test.cpp agent_link_world.cpp
  LIBS ringwall_agent_link ringwall_fleet ringwall_authority ringwall_wire OpenSSL::SSL
       OpenSSL::Crypto Boost::json Threads::Threads spdlog::spdlog fmt::fmt LABELS unit NETWORK)
if(TEST unit_agent_link) # it looks twice at who listens on this host: other tests come and go
  set_tests_properties(unit_agent_link PROPERTIES RUN_SERIAL ON)
endif()
