# Snapshot -> rows of the datapath, and the plan from one snapshot to the next. No I/O.
add_library(ringwall_agent_core STATIC
  ${CMAKE_CURRENT_LIST_DIR}/node.cpp
  ${CMAKE_CURRENT_LIST_DIR}/membership.cpp
  ${CMAKE_CURRENT_LIST_DIR}/definition.cpp
  ${CMAKE_CURRENT_LIST_DIR}/compile.cpp
  ${CMAKE_CURRENT_LIST_DIR}/addresses.cpp
  ${CMAKE_CURRENT_LIST_DIR}/desired.cpp
  ${CMAKE_CURRENT_LIST_DIR}/plan.cpp
  ${CMAKE_CURRENT_LIST_DIR}/enforcer.cpp
  ${CMAKE_CURRENT_LIST_DIR}/words.cpp)
target_link_libraries(ringwall_agent_core PUBLIC ringwall_common ringwall_proto PRIVATE fmt::fmt)
