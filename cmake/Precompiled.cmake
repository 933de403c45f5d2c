# The headers that nearly every file reads, compiled once for libraries, once for programs and once
# for tests. Files still include what they use; this only makes it cheap. Included last, when all
# targets are known. A target says DISABLE_PRECOMPILE_HEADERS when its flags are others.
if(NOT RINGWALL_PRECOMPILE)
  return()
endif()

set(common_headers
  <algorithm> <array> <chrono> <cstdint> <deque> <expected> <fstream> <functional> <map>
  <memory> <optional> <set> <span> <string> <string_view> <unordered_map> <variant> <vector>
  <boost/json.hpp> <fmt/format.h>)

function(precompiled name pic)
  file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/${name}.cpp CONTENT "") # written once
  add_library(${name} OBJECT ${CMAKE_BINARY_DIR}/${name}.cpp)
  target_link_libraries(${name} PRIVATE ringwall_flags)
  set_target_properties(${name} PROPERTIES POSITION_INDEPENDENT_CODE OFF)
  target_compile_options(${name} PRIVATE ${pic})
  target_precompile_headers(${name} PRIVATE ${common_headers} ${ARGN})
endfunction()
precompiled(precompiled_library -fPIC)
precompiled(precompiled_program -fPIE)
if(BUILD_TESTING)
  precompiled(precompiled_test -fPIE <gtest/gtest.h>)
  target_link_libraries(precompiled_test PRIVATE GTest::gtest)
endif()

function(precompile_below folder)
  get_property(targets DIRECTORY ${folder} PROPERTY BUILDSYSTEM_TARGETS)
  foreach(target ${targets})
    get_target_property(type ${target} TYPE)
    get_target_property(disabled ${target} DISABLE_PRECOMPILE_HEADERS)
    get_target_property(libraries ${target} LINK_LIBRARIES)
    get_target_property(options ${target} COMPILE_OPTIONS)
    if(options MATCHES fsanitize=fuzzer) # clang takes no headers that were compiled without it
      set(disabled TRUE)
    endif()
    if(disabled OR target MATCHES ^precompiled_)
      continue()
    elseif(type STREQUAL STATIC_LIBRARY)
      target_precompile_headers(${target} REUSE_FROM precompiled_library)
    elseif(type STREQUAL EXECUTABLE AND "GTest::gtest" IN_LIST libraries)
      target_precompile_headers(${target} REUSE_FROM precompiled_test)
    elseif(type STREQUAL EXECUTABLE)
      target_precompile_headers(${target} REUSE_FROM precompiled_program)
    endif()
  endforeach()
  get_property(folders DIRECTORY ${folder} PROPERTY SUBDIRECTORIES)
  foreach(below ${folders})
    precompile_below(${below})
  endforeach()
endfunction()
precompile_below(${CMAKE_SOURCE_DIR})
