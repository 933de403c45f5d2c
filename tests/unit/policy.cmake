set(policy_fixtures RINGWALL_POLICY_FIXTURES="${CMAKE_CURRENT_SOURCE_DIR}/data/policy"
                    RINGWALL_POLICY_SCHEMA="${PROJECT_SOURCE_DIR}/control/policy/schema.json"
                    RINGWALL_POLICY_EXAMPLES="${PROJECT_SOURCE_DIR}/docs/examples")

ringwall_test(unit_policy
  SOURCES policy_bad_test.cpp policy_cases.cpp policy_check_test.cpp policy_load_test.cpp
  LIBS ringwall_policy LABELS unit)
target_compile_definitions(unit_policy PRIVATE ${policy_fixtures})

# valijson is heavy: the only translation unit that includes it.
ringwall_test(unit_policy_schema
  SOURCES policy_schema_test.cpp policy_cases.cpp
  LIBS ringwall_policy Boost::json LABELS unit)
target_compile_definitions(unit_policy_schema PRIVATE ${policy_fixtures})
