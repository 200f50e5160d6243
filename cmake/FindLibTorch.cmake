# LibTorch as imported targets, without a CUDA toolkit and without the compiler of one.
#
#   LibTorch::torch   LibTorch, without its CUDA half: that is loaded at run time where there is a driver
#                     (worker/group/cuda_half.hpp); HARMONIC_WITH_CUDA is defined where the installation has one
#   LibTorch::cuda    that half and NCCL, for what names their symbols; only where all of it is found
#
# Looked for, in this order: HARMONIC_TORCH_ROOT (cache variable or environment), the virtual environment that
# deploy/setup.sh makes. A root is the folder that holds include/ and lib/: of the unpacked LibTorch archive, or
# the package folder `torch` of a wheel. Sets LibTorch_VERSION, LibTorch_CUDA (true when CUDA and NCCL can be used).

set(_torch_hints ${HARMONIC_TORCH_ROOT} $ENV{HARMONIC_TORCH_ROOT})
if(NOT _torch_hints)
  harmonic_from_env(HARMONIC_CACHE _cache)
  file(GLOB _torch_hints ${_cache}/torch-${LibTorch_FIND_VERSION}/lib/python3*/site-packages/torch)
endif()

find_path(LibTorch_INCLUDE_DIR torch/csrc/api/include/torch/torch.h
          HINTS ${_torch_hints} PATH_SUFFIXES include NO_DEFAULT_PATH)
find_library(LibTorch_LIBRARY torch HINTS ${_torch_hints} PATH_SUFFIXES lib NO_DEFAULT_PATH)
find_library(LibTorch_CPU_LIBRARY torch_cpu HINTS ${_torch_hints} PATH_SUFFIXES lib NO_DEFAULT_PATH)
find_library(LibTorch_C10_LIBRARY c10 HINTS ${_torch_hints} PATH_SUFFIXES lib NO_DEFAULT_PATH)
find_library(LibTorch_CUDA_LIBRARY torch_cuda HINTS ${_torch_hints} PATH_SUFFIXES lib NO_DEFAULT_PATH)
find_library(LibTorch_C10_CUDA_LIBRARY c10_cuda HINTS ${_torch_hints} PATH_SUFFIXES lib NO_DEFAULT_PATH)

if(LibTorch_INCLUDE_DIR)
  file(STRINGS ${LibTorch_INCLUDE_DIR}/torch/headeronly/version.h _version_lines REGEX "define TORCH_VERSION_(MAJOR|MINOR|PATCH) ")
  string(REGEX MATCHALL "[0-9]+" LibTorch_VERSION "${_version_lines}")
  list(JOIN LibTorch_VERSION "." LibTorch_VERSION)
  # The wheel's siblings: nvidia/<cuda>/include and nvidia/nccl beside torch/.
  get_filename_component(_site ${LibTorch_INCLUDE_DIR}/../.. ABSOLUTE)
  file(GLOB _nvidia_includes ${_site}/nvidia/*/include)
  file(GLOB _nvidia_libs ${_site}/nvidia/*/lib)
endif()
# The wheel's own first: the system may carry another version.
foreach(_where "NO_DEFAULT_PATH" "")
  find_path(LibTorch_CUDA_INCLUDE_DIR cuda_runtime_api.h HINTS ${_nvidia_includes} ${_where})
  find_path(LibTorch_NCCL_INCLUDE_DIR nccl.h HINTS ${_nvidia_includes} ${_where})
  find_library(LibTorch_NCCL_LIBRARY NAMES nccl libnccl.so.2 HINTS ${_nvidia_libs} ${_where})
  find_library(LibTorch_CUDART_LIBRARY NAMES cudart libcudart.so.13 libcudart.so.12 HINTS ${_nvidia_libs} ${_where})
endforeach()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(LibTorch
  REQUIRED_VARS LibTorch_LIBRARY LibTorch_CPU_LIBRARY LibTorch_C10_LIBRARY LibTorch_INCLUDE_DIR
  VERSION_VAR LibTorch_VERSION
  REASON_FAILURE_MESSAGE "run deploy/setup.sh, or give -DHARMONIC_TORCH_ROOT=<folder with include/ and lib/>")

if(LibTorch_FOUND AND NOT TARGET LibTorch::torch)
  function(_harmonic_import_torch name location)
    add_library(LibTorch::${name} SHARED IMPORTED)
    set_target_properties(LibTorch::${name} PROPERTIES IMPORTED_LOCATION ${location})
  endfunction()
  _harmonic_import_torch(torch_cpu ${LibTorch_CPU_LIBRARY})
  _harmonic_import_torch(c10 ${LibTorch_C10_LIBRARY})
  add_library(LibTorch::torch INTERFACE IMPORTED)
  # Last in the search order: the folder carries an old copy of google/protobuf.
  target_compile_options(LibTorch::torch INTERFACE
    "SHELL:-idirafter ${LibTorch_INCLUDE_DIR}" "SHELL:-idirafter ${LibTorch_INCLUDE_DIR}/torch/csrc/api/include")
  target_link_libraries(LibTorch::torch INTERFACE LibTorch::torch_cpu LibTorch::c10)
  # at::parallel_for is a header's template: without this flag it silently runs on one thread. The threads are those of
  # LibTorch's own OpenMP library, which it brings along; two of them in one program would each have a pool.
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_compile_options(LibTorch::torch INTERFACE $<$<COMPILE_LANGUAGE:CXX>:-fopenmp>)
    get_filename_component(_torch_libs ${LibTorch_CPU_LIBRARY} DIRECTORY)
    file(GLOB _gomp ${_torch_libs}/libgomp*.so*)
    if(_gomp)
      list(GET _gomp 0 _gomp)
      _harmonic_import_torch(gomp ${_gomp})
      target_link_libraries(LibTorch::torch INTERFACE LibTorch::gomp)
    else()
      target_link_options(LibTorch::torch INTERFACE -fopenmp)
    endif()
  else()
    message(WARNING "${CMAKE_CXX_COMPILER_ID}: Harmonic's own kernels will run on one thread; GCC gives them all")
  endif()

  set(LibTorch_CUDA FALSE)
  if(LibTorch_CUDA_LIBRARY AND LibTorch_C10_CUDA_LIBRARY AND LibTorch_CUDA_INCLUDE_DIR AND LibTorch_NCCL_INCLUDE_DIR
     AND LibTorch_NCCL_LIBRARY AND LibTorch_CUDART_LIBRARY)
    set(LibTorch_CUDA TRUE)
    _harmonic_import_torch(torch_cuda ${LibTorch_CUDA_LIBRARY})
    _harmonic_import_torch(c10_cuda ${LibTorch_C10_CUDA_LIBRARY})
    _harmonic_import_torch(nccl_library ${LibTorch_NCCL_LIBRARY})
    _harmonic_import_torch(cudart ${LibTorch_CUDART_LIBRARY})
    add_library(LibTorch::cuda INTERFACE IMPORTED)
    target_link_libraries(LibTorch::cuda INTERFACE LibTorch::torch_cuda LibTorch::c10_cuda LibTorch::nccl_library
                          LibTorch::cudart)
    target_compile_options(LibTorch::torch INTERFACE
      "SHELL:-idirafter ${LibTorch_CUDA_INCLUDE_DIR}" "SHELL:-idirafter ${LibTorch_NCCL_INCLUDE_DIR}")
    target_compile_definitions(LibTorch::torch INTERFACE HARMONIC_WITH_CUDA=1)
    # The libraries' own needs are found at run time through their own search paths.
    target_link_options(LibTorch::torch INTERFACE "LINKER:--allow-shlib-undefined")
  endif()
endif()
