ringwall_test(unit_model SOURCES model_select_test.cpp model_validate_test.cpp
  LIBS ringwall_model LABELS unit)
