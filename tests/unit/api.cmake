# The REST API without sockets: its pure parts, and over a real controller.
ringwall_test(unit_api_parts
  SOURCES api_json_text_test.cpp api_label_query_test.cpp api_rate_test.cpp api_rights_test.cpp
          api_target_test.cpp
  LIBS ringwall_api rapidcheck fmt::fmt LABELS unit)
set_target_properties(unit_api_parts PROPERTIES UNITY_BUILD OFF) # helpers of the same names

# valijson is heavy: api_contract.cpp alone includes it.
ringwall_test(unit_api
  SOURCES api_access_test.cpp api_agents_test.cpp api_authority_test.cpp api_bulk_test.cpp api_cuts_test.cpp api_insight_test.cpp api_map_test.cpp api_objects_test.cpp
          api_operations_test.cpp api_router_test.cpp api_rules_test.cpp api_scope_test.cpp api_staging_test.cpp
          api_streams_test.cpp api_versions_test.cpp api_why_test.cpp api_contract.cpp api_world.cpp core_world.cpp
  LIBS ringwall_api ringwall_agent_session ringwall_wire fmt::fmt LABELS unit NETWORK)
if(TEST unit_api) # fsync costs nothing there
  set_tests_properties(unit_api PROPERTIES ENVIRONMENT TMPDIR=/dev/shm)
endif()
