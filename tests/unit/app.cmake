# The controller's settings, and flows in the words of the API.
ringwall_test(unit_app SOURCES app_flow_json_test.cpp app_settings_test.cpp
  LIBS ringwall_app Boost::json fmt::fmt LABELS unit NETWORK)
