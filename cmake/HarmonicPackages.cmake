# Third-party packages, all from the distribution but LibTorch (see FindLibTorch.cmake).
include_guard()

# harmonic_from_env(NAME result): what deploy/env.sh makes of a variable.
function(harmonic_from_env name result)
  execute_process(COMMAND bash -c ". deploy/env.sh && printf %s \"$${name}\"" WORKING_DIRECTORY ${PROJECT_SOURCE_DIR}
                  OUTPUT_VARIABLE value COMMAND_ERROR_IS_FATAL ANY)
  set(${result} ${value} PARENT_SCOPE)
endfunction()

find_package(Threads REQUIRED)
find_package(MPI REQUIRED COMPONENTS CXX)
find_package(Boost 1.74 REQUIRED COMPONENTS program_options)
find_package(HDF5 REQUIRED COMPONENTS C)
find_package(Protobuf REQUIRED)
find_package(ZLIB REQUIRED)
find_package(JPEG REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(Eigen3 3.4 REQUIRED NO_MODULE)
find_package(PkgConfig REQUIRED)
pkg_check_modules(sndfile REQUIRED IMPORTED_TARGET sndfile)
pkg_check_modules(soxr REQUIRED IMPORTED_TARGET soxr)
pkg_check_modules(fftw REQUIRED IMPORTED_TARGET fftw3)
pkg_check_modules(icu REQUIRED IMPORTED_TARGET icu-uc)
pkg_check_modules(xxhash REQUIRED IMPORTED_TARGET libxxhash)
# Lays pictures of models out; without it they are DOT files alone. Its plugins are linked: see master/models/graphviz.hpp.
pkg_check_modules(graphviz libgvc)
if(graphviz_FOUND)
  pkg_get_variable(_graphviz_libs libgvc libdir)
  find_library(GRAPHVIZ_CORE_PLUGIN gvplugin_core HINTS ${_graphviz_libs} PATH_SUFFIXES graphviz)
  find_library(GRAPHVIZ_DOT_PLUGIN gvplugin_dot_layout HINTS ${_graphviz_libs} PATH_SUFFIXES graphviz)
endif()
find_path(STB_INCLUDE_DIR stb_image.h PATH_SUFFIXES stb REQUIRED)
find_path(RANDOM123_INCLUDE_DIR Random123/philox.h REQUIRED)
find_path(ONNX_INCLUDE_DIR onnx/onnx_pb.h REQUIRED)
find_library(ONNX_PROTO_LIBRARY onnx_proto REQUIRED)
if(HARMONIC_LIBTORCH)
  # The pinned version alone: another has other numbers, or does not compile.
  harmonic_from_env(HARMONIC_TORCH_VERSION version)
  find_package(LibTorch ${version} EXACT REQUIRED)
endif()

# MPI's C++ bindings are gone from the standard; only the C interface is used.
add_library(harmonic_mpi_headers INTERFACE)
target_link_libraries(harmonic_mpi_headers INTERFACE MPI::MPI_CXX)
target_compile_definitions(harmonic_mpi_headers INTERFACE OMPI_SKIP_MPICXX MPICH_SKIP_MPICXX)
add_library(harmonic::mpi_headers ALIAS harmonic_mpi_headers)
