# The controller's core: a real store, real keys, the agents' real state machine; no sockets.
ringwall_test(unit_core
  SOURCES core_agents_test.cpp core_change_test.cpp core_chaos_test.cpp core_parts_test.cpp
          core_rollout_test.cpp core_world.cpp
  LIBS ringwall_core ringwall_agent_session ringwall_wire fmt::fmt LABELS unit)
