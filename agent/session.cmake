# The session with the controller as a state machine, and the spool on disk. Neither knows a socket.
add_library(ringwall_agent_session STATIC
  ${CMAKE_CURRENT_LIST_DIR}/session.cpp
  ${CMAKE_CURRENT_LIST_DIR}/session_flows.cpp
  ${CMAKE_CURRENT_LIST_DIR}/session_halves.cpp
  ${CMAKE_CURRENT_LIST_DIR}/spool.cpp
  ${CMAKE_CURRENT_LIST_DIR}/spool_segment.cpp)
target_link_libraries(ringwall_agent_session
  PUBLIC ringwall_common ringwall_proto PRIVATE ringwall_wire fmt::fmt)
