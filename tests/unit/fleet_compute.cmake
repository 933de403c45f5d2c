# The generator of random policies is the oracle's; its library is not there without the datapath.
# By hand, at length: RINGWALL_FLEET_STEPS=200 unit_fleet_compute
set(oracle ${PROJECT_SOURCE_DIR}/tests/oracle)
ringwall_test(unit_fleet_compute
  SOURCES fleet_compute_test.cpp fleet_compute_property_test.cpp fleet_compute_replica.cpp
          ${oracle}/generate_policy.cpp ${oracle}/generate_change.cpp ${oracle}/vocabulary.cpp
          ${oracle}/evaluate.cpp
  LIBS ringwall_compute fmt::fmt LABELS unit)
