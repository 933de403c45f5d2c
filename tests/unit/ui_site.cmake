ringwall_test(unit_ui_site SOURCES ui_site_test.cpp LIBS ringwall_ui fmt::fmt LABELS unit)
