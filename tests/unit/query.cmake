# The filter language for flows.
ringwall_test(unit_query SOURCES query_test.cpp LIBS ringwall_query fmt::fmt LABELS unit)
