if(TARGET ringwall_agent_core)
  find_package(rapidcheck REQUIRED)
  ringwall_test(unit_enforcer
    SOURCES enforcer_test.cpp enforcer_property_test.cpp enforcer_size_test.cpp
            enforcer_time_test.cpp kernel_twin.cpp random_world.cpp
    LIBS ringwall_agent_core rapidcheck fmt::fmt LABELS unit)
  set_target_properties(unit_enforcer PROPERTIES UNITY_BUILD OFF) # helpers of the same names
endif()
