ringwall_test(unit_alerts
  SOURCES alerts_config_test.cpp alerts_flow_event_test.cpp alerts_folder_test.cpp
          alerts_outbox_test.cpp alerts_syslog_test.cpp alerts_text_test.cpp
          alerts_webhook_test.cpp
  LIBS ringwall_alerts ringwall_flow_values Boost::json OpenSSL::Crypto Threads::Threads fmt::fmt LABELS unit)

# Reads events from standard input and sends them: for tests/e2e/alerts_test.py.
add_executable(ringwall-alerts-driver alerts_driver.cpp)
target_link_libraries(ringwall-alerts-driver PRIVATE ringwall_flags ringwall_alerts Boost::json
  Threads::Threads fmt::fmt)
