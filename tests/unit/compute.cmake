ringwall_test(unit_compute SOURCES compute_test.cpp LIBS ringwall_compute fmt::fmt LABELS unit)
