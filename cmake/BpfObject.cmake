# bpf_object(name source.bpf.c [DEPENDS headers...])
#   source.bpf.c --clang-19--> object --bpftool--> name.skel.h, as INTERFACE target <name>_skel.
find_program(RINGWALL_BPF_CLANG NAMES clang-19 REQUIRED)
find_program(RINGWALL_BPFTOOL NAMES bpftool PATHS /usr/sbin REQUIRED)

function(bpf_object name source)
  cmake_parse_arguments(ARG "" "" "DEPENDS;INCLUDES" ${ARGN})
  set(object ${CMAKE_CURRENT_BINARY_DIR}/${name}.bpf.o)
  set(skeleton ${CMAKE_CURRENT_BINARY_DIR}/${name}.skel.h)
  set(includes -I${PROJECT_SOURCE_DIR})
  foreach(dir ${ARG_INCLUDES})
    list(APPEND includes -I${dir})
  endforeach()
  add_custom_command(
    OUTPUT ${object}
    COMMAND ${RINGWALL_BPF_CLANG} -target bpf -mcpu=v3 -O2 -g -std=gnu11
            -Wall -Wextra -Werror -D__TARGET_ARCH_x86
            -isystem /usr/include/${CMAKE_LIBRARY_ARCHITECTURE} ${includes}
            -c ${CMAKE_CURRENT_SOURCE_DIR}/${source} -o ${object}
    DEPENDS ${source} ${ARG_DEPENDS}
    COMMENT "BPF ${source}" VERBATIM)
  add_custom_command(
    OUTPUT ${skeleton}
    COMMAND ${RINGWALL_BPFTOOL} gen skeleton ${object} name ${name}_bpf > ${skeleton}
    DEPENDS ${object} VERBATIM)
  add_custom_target(${name}_skel_gen DEPENDS ${skeleton})
  add_library(${name}_skel INTERFACE)
  add_dependencies(${name}_skel ${name}_skel_gen)
  target_include_directories(${name}_skel SYSTEM INTERFACE ${CMAKE_CURRENT_BINARY_DIR})
  set_property(TARGET ${name}_skel PROPERTY BPF_OBJECT ${object})
endfunction()
