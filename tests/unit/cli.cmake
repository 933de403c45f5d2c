ringwall_test(unit_cli SOURCES cli_arguments_test.cpp cli_complete_test.cpp cli_context_test.cpp
  cli_documents_test.cpp cli_git_test.cpp cli_import_test.cpp cli_text_test.cpp
  LIBS ringwall_cli fmt::fmt LABELS unit)
set_target_properties(unit_cli PROPERTIES UNITY_BUILD OFF) # helpers of the same names
target_compile_definitions(unit_cli
  PRIVATE RINGWALL_POLICY_EXAMPLES="${PROJECT_SOURCE_DIR}/docs/examples")

# Whole commands against the controller's real port.
ringwall_test(unit_cli_fleet SOURCES cli_fleet_test.cpp session_words.cpp
  LIBS ringwall_cli ringwall_server ringwall_authority ringwall_wire Threads::Threads fmt::fmt
  LABELS unit NETWORK)
