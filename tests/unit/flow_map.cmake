find_package(rapidcheck REQUIRED)
ringwall_test(unit_flow_map SOURCES flow_map_activity_test.cpp flow_map_match_test.cpp flow_map_test.cpp
  LIBS ringwall_flow_map rapidcheck fmt::fmt LABELS unit)
# fsync costs nothing there.
set_tests_properties(unit_flow_map PROPERTIES ENVIRONMENT TMPDIR=/dev/shm)
