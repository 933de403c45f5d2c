ringwall_test(unit_cli SOURCES cli_arguments_test.cpp cli_complete_test.cpp cli_text_test.cpp
  LIBS ringwall_cli LABELS unit)
