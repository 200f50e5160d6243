# What every target of the project shares: warnings, sanitizers, the compiler cache.
include_guard()

# For those who build the program once. A developer's change of one file would take several times as long. What does not
# compute is optimised less then: a fifth of its compile time, and nothing of a search's that could be measured.
option(HARMONIC_UNITY "Compile the sources of a folder together: the whole takes about half as long" OFF)

add_library(harmonic_build INTERFACE)
add_library(harmonic::build ALIAS harmonic_build)
target_compile_options(harmonic_build INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Wno-missing-field-initializers)
if(HARMONIC_WERROR)
  target_compile_options(harmonic_build INTERFACE -Werror)
endif()
if(HARMONIC_UNITY)
  # Larger units show GCC 12 more, and it then warns of strings that overlap themselves: there are none (its bug 105651).
  target_compile_options(harmonic_build INTERFACE $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>)
endif()
if(HARMONIC_SANITIZE)
  # GCC 12 sees uninitialised values in <regex> where the sanitizers add code; there are none.
  target_compile_options(harmonic_build INTERFACE -fsanitize=${HARMONIC_SANITIZE} -fno-omit-frame-pointer
                         -fno-sanitize-recover=undefined $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
  target_link_options(harmonic_build INTERFACE -fsanitize=${HARMONIC_SANITIZE})
endif()

find_program(HARMONIC_CCACHE ccache)
if(HARMONIC_CCACHE)
  # The precompiled LibTorch header needs the relaxed rules; paths below the base count as relative: clones share.
  set(CMAKE_CXX_COMPILER_LAUNCHER
      ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
      CCACHE_BASEDIR=${PROJECT_SOURCE_DIR} ${HARMONIC_CCACHE})
  add_compile_options($<$<COMPILE_LANG_AND_ID:CXX,GNU>:-fpch-preprocess>)
endif()

# harmonic_join_sources(name)
# To be called once the folders of library `name` have listed their sources. Those of a folder become larger units, so within
# a folder no two names of unnamed namespaces may be the same. Kernels stay alone: what the compiler makes of them decides
# results to the last bit. So do sources with options of their own, which CMake leaves out.
function(harmonic_join_sources name)
  if(NOT HARMONIC_UNITY)
    return()
  endif()
  set(largest 11)  # sources of a unit: two cores are to share the work
  get_target_property(sources harmonic_${name} SOURCES)
  foreach(source ${sources})
    get_filename_component(folder ${source} DIRECTORY)
    string(MAKE_C_IDENTIFIER "${folder}" folder)
    if(source MATCHES "_kernels\\.cpp$")
      set_source_files_properties(${source} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
    else()
      math(EXPR count_${folder} "0${count_${folder}} + 1")
      math(EXPR part "(${count_${folder}} - 1) / ${largest}")
      set_source_files_properties(${source} PROPERTIES UNITY_GROUP ${folder}_${part})
    endif()
  endforeach()
  set_target_properties(harmonic_${name} PROPERTIES UNITY_BUILD ON UNITY_BUILD_MODE GROUP)
  if(NOT name STREQUAL worker)
    target_compile_options(harmonic_${name} PRIVATE $<$<CONFIG:Release>:-O1>)
  endif()
endfunction()

# harmonic_add_library(name [PUBLIC targets…] [PRIVATE targets…])
# A library of one top-level folder. What it links is what it may include: the arrows of the architecture.
function(harmonic_add_library name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "PUBLIC;PRIVATE")
  add_library(harmonic_${name} STATIC)
  add_library(harmonic::${name} ALIAS harmonic_${name})
  target_include_directories(harmonic_${name} PUBLIC ${PROJECT_SOURCE_DIR})
  target_link_libraries(harmonic_${name} PUBLIC ${arg_PUBLIC} PRIVATE harmonic::build ${arg_PRIVATE})
endfunction()
