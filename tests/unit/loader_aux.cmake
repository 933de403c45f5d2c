# What the loader reads of the host and does to its sockets. Needs root; each test skips without.
if(RINGWALL_DATAPATH AND TARGET ringwall_loader)
  add_executable(loader_aux_holder loader_aux_holder.cpp)
  set_target_properties(loader_aux_holder PROPERTIES DISABLE_PRECOMPILE_HEADERS ON)
  target_link_options(loader_aux_holder PRIVATE -static) # runs in empty roots; so no sanitizer

  ringwall_test(unit_loader_aux
    SOURCES loader_aux_backfill_test.cpp loader_aux_destroy_test.cpp loader_aux_file_test.cpp
            loader_aux_host_test.cpp loader_aux_seal_test.cpp loader_aux_world.cpp
    LIBS ringwall_loader ringwall_skel PkgConfig::LIBBPF Threads::Threads LABELS unit)
  target_include_directories(unit_loader_aux PRIVATE ${CMAKE_CURRENT_LIST_DIR})
  target_compile_definitions(unit_loader_aux PRIVATE
    RINGWALL_TEST_HOLDER="$<TARGET_FILE:loader_aux_holder>")
  add_dependencies(unit_loader_aux loader_aux_holder)
endif()
