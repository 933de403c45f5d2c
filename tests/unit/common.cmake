ringwall_test(unit_common SOURCES ip_test.cpp time_test.cpp LIBS ringwall_common LABELS unit)
