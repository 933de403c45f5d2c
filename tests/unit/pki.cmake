# Keys, certificates, signatures; the controller's authority and pairing. Real OpenSSL, also its
# command line.
find_package(rapidcheck REQUIRED)
ringwall_test(unit_pki
  SOURCES pki_authority_test.cpp pki_certificate_test.cpp pki_key_file_test.cpp pki_keys_test.cpp
          pki_line_test.cpp pki_openssl_test.cpp pki_pairing_test.cpp pki_request_test.cpp
          pki_rotation_test.cpp pki_signature_test.cpp pki_state_test.cpp pki_tls_test.cpp
  LIBS ringwall_authority OpenSSL::SSL rapidcheck fmt::fmt LABELS unit)
