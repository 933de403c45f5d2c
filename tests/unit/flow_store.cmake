find_package(benchmark REQUIRED)
find_package(SQLite3 REQUIRED)
ringwall_test(unit_flow_store
  SOURCES flow_store_filter_test.cpp flow_store_full_disk_test.cpp flow_store_test.cpp
  LIBS ringwall_flow_store SQLite::SQLite3 fmt::fmt LABELS unit)
# fsync costs nothing there; the crash test has the real disk.
set_tests_properties(unit_flow_store PROPERTIES ENVIRONMENT TMPDIR=/dev/shm)
ringwall_test(unit_flow_store_crash SOURCES flow_store_crash_test.cpp
  LIBS ringwall_flow_store fmt::fmt LABELS unit)

# What appending, querying and opening cost. By hand: ringwall-bench-flow-store
add_executable(ringwall-bench-flow-store flow_store_bench.cpp)
target_link_libraries(ringwall-bench-flow-store PRIVATE ringwall_flags ringwall_flow_store fmt::fmt
  benchmark::benchmark)
