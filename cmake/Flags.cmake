# Every target links ringwall_flags: one place for warnings, hardening and sanitizers.
add_library(ringwall_flags INTERFACE)
target_include_directories(ringwall_flags INTERFACE ${PROJECT_SOURCE_DIR})
target_compile_options(ringwall_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Wcast-align -Woverloaded-virtual
  -Werror -fno-omit-frame-pointer
  -Wno-missing-field-initializers) # designated initialisers leave the rest zero on purpose
option(RINGWALL_PRECOMPILE "Precompile the common headers" ON)
if(CMAKE_CXX_COMPILER_ID STREQUAL GNU AND RINGWALL_PRECOMPILE)
  # With precompiled headers g++ 12 no longer knows what lies in a system header and warns about the
  # inlined moves of std::string there.
  target_compile_options(ringwall_flags INTERFACE
    -Wno-array-bounds -Wno-stringop-overread -Wno-stringop-overflow)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL GNU AND RINGWALL_UNITY)
  target_compile_options(ringwall_flags INTERFACE -Wno-subobject-linkage) # every file is an included one
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL GNU)
  # A fifth of g++'s time went into collecting garbage.
  target_compile_options(ringwall_flags INTERFACE "SHELL:--param ggc-min-heapsize=1000000")
endif()
# Said for every file, so that all can share precompiled headers.
target_compile_definitions(ringwall_flags INTERFACE
  $<TARGET_PROPERTY:fmt::fmt,INTERFACE_COMPILE_DEFINITIONS>
  $<TARGET_PROPERTY:Boost::json,INTERFACE_COMPILE_DEFINITIONS>
  $<TARGET_PROPERTY:Boost::container,INTERFACE_COMPILE_DEFINITIONS>)

option(RINGWALL_ASSERTIONS "Keep assertions in optimised builds (the build the tests run on)" ON)
if(RINGWALL_ASSERTIONS)
  target_compile_options(ringwall_flags INTERFACE -UNDEBUG)
  target_compile_definitions(ringwall_flags INTERFACE _GLIBCXX_ASSERTIONS)
endif()

set(RINGWALL_SANITIZE "" CACHE STRING "Sanitizers for every target, for example address,undefined or thread")
if(RINGWALL_SANITIZE)
  target_compile_options(ringwall_flags INTERFACE
    -fsanitize=${RINGWALL_SANITIZE} -fno-sanitize-recover=all)
  target_link_options(ringwall_flags INTERFACE -fsanitize=${RINGWALL_SANITIZE})
  if(RINGWALL_SANITIZE MATCHES thread)
    # TSan does not know fences; Protobuf's headers would describe another layout than its library.
    target_compile_definitions(ringwall_flags INTERFACE BOOST_ASIO_DISABLE_FENCED_BLOCK)
    target_compile_options(ringwall_flags INTERFACE -U__SANITIZE_THREAD__)
    # With TSan's calls between them, g++ 12 takes Asio's own new and delete of coroutine frames for
    # two that do not belong together.
    target_compile_options(ringwall_flags INTERFACE -Wno-mismatched-new-delete)
  endif()
else()
  target_compile_options(ringwall_flags INTERFACE -fstack-protector-strong -fstack-clash-protection)
  target_link_options(ringwall_flags INTERFACE -Wl,-z,relro,-z,now)
endif()

# All unit tests and fuzzers, and nothing else.
add_custom_target(checks)

# ringwall_test(NAME SOURCES... [LIBS ...] [NETWORK]) : one GoogleTest binary, one CTest suite per file.
# NETWORK: real sockets and TLS. The build with ASan is for pure modules and leaves those out.
function(ringwall_test name)
  cmake_parse_arguments(ARG "NETWORK" "" "SOURCES;LIBS;LABELS" ${ARGN})
  if(ARG_NETWORK AND RINGWALL_SANITIZE MATCHES address)
    return()
  endif()
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE ringwall_flags ${ARG_LIBS} GTest::gtest GTest::gtest_main)
  add_dependencies(checks ${name})
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES LABELS "${ARG_LABELS}")
endfunction()
