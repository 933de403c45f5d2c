find_package(rapidcheck REQUIRED)
find_package(SQLite3 REQUIRED)
ringwall_test(unit_store_diff SOURCES store_canonical_test.cpp store_diff_test.cpp
  LIBS ringwall_diff rapidcheck LABELS unit)
ringwall_test(unit_store
  SOURCES store_audit_test.cpp store_backup_test.cpp store_commit_test.cpp
          store_damage_test.cpp store_full_disk_test.cpp store_open_test.cpp store_paging_test.cpp
          store_property_test.cpp store_versions_test.cpp
  LIBS ringwall_store SQLite::SQLite3 rapidcheck LABELS unit)
# fsync costs nothing there; the crash test has the real disk.
set_tests_properties(unit_store PROPERTIES ENVIRONMENT TMPDIR=/dev/shm)
ringwall_test(unit_store_crash SOURCES store_crash_test.cpp
  LIBS ringwall_store SQLite::SQLite3 LABELS unit)
