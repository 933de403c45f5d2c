# HTTP without a network: requests out of bytes, heads of answers.
ringwall_test(unit_http
  SOURCES http_message_test.cpp
  LIBS ringwall_http Boost::json fmt::fmt LABELS unit)
