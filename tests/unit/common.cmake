ringwall_test(unit_common SOURCES address_bytes_test.cpp endpoint_test.cpp ip_test.cpp time_test.cpp LIBS ringwall_common LABELS unit)
