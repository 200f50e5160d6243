# Tests: one executable a room of the tree, Catch2 v2, sentences about behaviour.
include_guard()
find_package(Catch2 2.13 REQUIRED)
set(HARMONIC_SHARED_DATA "${PROJECT_SOURCE_DIR}/../shared" CACHE PATH
    "Development data (golden numbers, real data sets); tests that need it skip where it is absent")

# The tests' own sources need not be fast, and there are many: what they look at is optimised as ever.
set(HARMONIC_TEST_FLAGS $<$<CONFIG:Release>:-O1> CACHE STRING "Optimisation of the tests' own sources")

# The environment of every test. HARMONIC_SHARED is left to whoever runs them: it wins.
set(HARMONIC_TEST_ENVIRONMENT "HARMONIC_SHARED_OF_BUILD=${HARMONIC_SHARED_DATA}")
if(HARMONIC_SANITIZE)
  list(APPEND HARMONIC_TEST_ENVIRONMENT "LSAN_OPTIONS=suppressions=${PROJECT_SOURCE_DIR}/tests/leaks.txt:print_suppressions=0")
endif()

add_custom_target(unit_tests)

# harmonic_add_test_program(name main)
# The executable of a test whose arg_SOURCES, arg_LINK and arg_TORCH its caller has parsed; `main` is the library of its main.
macro(harmonic_add_test_program name main)
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE ${arg_LINK} ${main} harmonic::build)
  target_compile_options(${name} PRIVATE ${HARMONIC_TEST_FLAGS})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  if(arg_TORCH)
    target_link_libraries(${name} PRIVATE harmonic::mpi_headers)  # a shared precompiled header wants the same definitions
    target_precompile_headers(${name} REUSE_FROM harmonic_worker)
  endif()
endmacro()

# harmonic_add_test(name SOURCES files… LINK targets… [SHARED] [GPU] [DEVICE] [TORCH] [TIMEOUT seconds])
#   SHARED  has cases tagged [shared] that need development data: they run as an entry of their own, which skips without it
#   GPU     has cases tagged [gpu], likewise
#   DEVICE  has cases tagged [device], which compute where testing::test_device() says: they run once more on the stand-in
#           accelerator and on a GPU, there without those tagged [exact]
#   TORCH   includes LibTorch: reuses the worker's precompiled header
function(harmonic_add_test name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "SHARED;GPU;DEVICE;TORCH" "TIMEOUT" "SOURCES;LINK")
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 600)
  endif()
  if(arg_DEVICE)
    list(APPEND arg_LINK harmonic::test_device)
  endif()
  harmonic_add_test_program(${name} harmonic::test_main)
  add_dependencies(unit_tests ${name})
  add_test(NAME unit.${name} COMMAND ${name} "~[shared]~[gpu]")
  set(entries unit.${name})
  if(arg_SHARED)
    add_test(NAME unit.${name}.shared COMMAND ${name} "[shared]")
    list(APPEND entries unit.${name}.shared)
  endif()
  if(arg_GPU)
    add_test(NAME unit.${name}.gpu COMMAND ${name} "[gpu]")
    list(APPEND entries unit.${name}.gpu)
  endif()
  set_tests_properties(${entries} PROPERTIES
    LABELS unit TIMEOUT ${arg_TIMEOUT} SKIP_REGULAR_EXPRESSION "SKIPPED:"
    ENVIRONMENT "${HARMONIC_TEST_ENVIRONMENT}")
  if(arg_DEVICE)
    add_test(NAME unit.${name}.stand-in COMMAND ${name} "[device]~[shared]")
    add_test(NAME unit.${name}.cuda COMMAND ${name} "[device]~[shared]~[exact]")
    foreach(device stand-in cuda)
      set_tests_properties(unit.${name}.${device} PROPERTIES
        LABELS "unit;${device}" TIMEOUT ${arg_TIMEOUT} SKIP_REGULAR_EXPRESSION "SKIPPED:"
        ENVIRONMENT "${HARMONIC_TEST_ENVIRONMENT};HARMONIC_TEST_DEVICE=${device}")
    endforeach()
  endif()
endfunction()

# harmonic_add_mpi_test(name RANKS 1 2 4 SOURCES files… LINK targets… [TORCH] [TIMEOUT seconds])
# Registers mpi.<name>@1, @2, @4: the same executable under mpirun. Its main starts MPI (support/mpi_main.cpp).
function(harmonic_add_mpi_test name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "TORCH" "TIMEOUT" "RANKS;SOURCES;LINK")
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 120)
  endif()
  harmonic_add_test_program(${name} harmonic::test_mpi_main)
  foreach(ranks ${arg_RANKS})
    add_test(NAME mpi.${name}@${ranks}
             COMMAND ${MPIEXEC_EXECUTABLE} --enable-recovery --oversubscribe ${MPIEXEC_NUMPROC_FLAG} ${ranks} $<TARGET_FILE:${name}>)
    set_tests_properties(mpi.${name}@${ranks} PROPERTIES
      LABELS mpi TIMEOUT ${arg_TIMEOUT} PROCESSORS ${ranks} SKIP_REGULAR_EXPRESSION "SKIPPED:"
      ENVIRONMENT "OMPI_ALLOW_RUN_AS_ROOT=1;OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1;${HARMONIC_TEST_ENVIRONMENT}")
  endforeach()
endfunction()
