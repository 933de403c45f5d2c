# The controller's core: a real store, real keys, the agents' real state machine; no sockets.
ringwall_test(unit_core
  SOURCES core_agents_test.cpp core_authority_test.cpp core_change_test.cpp core_chaos_test.cpp core_impact_test.cpp
          core_parts_test.cpp core_rollout_test.cpp core_silence_test.cpp core_staging_rollout_test.cpp
          core_staging_test.cpp core_world.cpp
  LIBS ringwall_core ringwall_agent_session ringwall_wire fmt::fmt LABELS unit)

# Over random policies of the oracle's generator.
ringwall_test(unit_core_staging
  SOURCES core_staging_property_test.cpp ${PROJECT_SOURCE_DIR}/tests/oracle/generate_policy.cpp
          ${PROJECT_SOURCE_DIR}/tests/oracle/generate_change.cpp
          ${PROJECT_SOURCE_DIR}/tests/oracle/vocabulary.cpp
          ${PROJECT_SOURCE_DIR}/tests/oracle/evaluate.cpp
  LIBS ringwall_core ringwall_wire fmt::fmt LABELS unit)
