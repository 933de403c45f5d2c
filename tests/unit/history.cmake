ringwall_test(unit_history SOURCES history_test.cpp
  LIBS ringwall_history ringwall_flow_map ringwall_policy fmt::fmt LABELS unit)

# The generator of random policies is the oracle's; its library is not there without the datapath.
set(oracle ${PROJECT_SOURCE_DIR}/tests/oracle)
ringwall_test(unit_history_exposure
  SOURCES history_exposure_test.cpp ${oracle}/generate_policy.cpp ${oracle}/generate_change.cpp ${oracle}/generate_flow.cpp
          ${oracle}/vocabulary.cpp ${oracle}/evaluate.cpp
  LIBS ringwall_history ringwall_policy fmt::fmt LABELS unit)
set_target_properties(unit_history_exposure PROPERTIES UNITY_BUILD OFF) # constants of the same names

ringwall_test(unit_history_suggest SOURCES history_suggest_test.cpp
  LIBS ringwall_history rapidcheck fmt::fmt LABELS unit)
