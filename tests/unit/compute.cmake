ringwall_test(unit_compute SOURCES compute_test.cpp LIBS ringwall_compute fmt::fmt LABELS unit)
ringwall_test(unit_compute_reach SOURCES compute_reach_test.cpp
  LIBS ringwall_compute ringwall_policy rapidcheck fmt::fmt LABELS unit)
