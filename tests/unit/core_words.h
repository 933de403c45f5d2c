// Documents of the tests.
#pragma once

namespace ringwall::core_test {

inline constexpr const char* payments = R"([
 {"apiVersion":"ringwall/v1","kind":"Service","metadata":{"name":"tomcat"},
  "spec":{"ports":[{"proto":"tcp","ports":[8080]}]}},
 {"apiVersion":"ringwall/v1","kind":"RuleSet","metadata":{"name":"payments"},
  "spec":{"scopes":[{"app":"Payments"}],"rules":[
   {"name":"web-to-app","action":"allow","scope":"intra",
    "from":[{"role":"Web"}],"to":[{"role":"App"}],"services":[{"service":"tomcat"}]}]}}])";

inline constexpr const char* deny_all = R"(
 {"apiVersion":"ringwall/v1","kind":"RuleSet","metadata":{"name":"payments"},
  "spec":{"scopes":[{"app":"Payments"}],"rules":[
   {"name":"nobody","action":"deny","scope":"intra",
    "from":[{"role":"Web"}],"to":[{"role":"App"}],"services":[{"service":"tomcat"}]}]}})";

inline constexpr const char* web = R"({"role":"Web","app":"Payments"})";
inline constexpr const char* app = R"({"role":"App","app":"Payments"})";

} // namespace ringwall::core_test
