# The REST client: against the controller's real port, and against one that breaks off.
ringwall_test(unit_client SOURCES client_test.cpp client_lost_test.cpp session_words.cpp
  LIBS ringwall_client ringwall_server ringwall_authority ringwall_wire OpenSSL::SSL
       OpenSSL::Crypto Threads::Threads fmt::fmt LABELS unit NETWORK)
