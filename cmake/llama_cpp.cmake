# Provides berth::llama_cpp (llama and ggml). llama.cpp is, in this order:
#   1. the source folder that BERTH_LLAMA_SOURCE_DIR names;
#   2. an installed package (find_package(llama)); not with -DCMAKE_DISABLE_FIND_PACKAGE_llama=ON, nor with a
#      BERTH_GGML_... option, which asks for a build of its own;
#   3. the archive pinned in llama_cpp/source.txt.
# What is fetched or built goes to the cache, under a name that says from what it was made. It is prepared beside its
# place and renamed when complete: what stands in the cache is whole, whatever was interrupted or whichever disk is full.
# -DBERTH_GGML_CUDA=ON (VULKAN, HIP, METAL, NATIVE, ...) reaches llama.cpp as GGML_CUDA.
# With BERTH_LLAMA_MODULES ggml's backends are modules beside libberth (llama_cpp/modules.cmake); else they are inside.

set(llama_oldest 0.5)
set(llama_recipe ${CMAKE_CURRENT_LIST_DIR}/llama_cpp)
file(STRINGS ${llama_recipe}/source.txt llama_pin REGEX "^[^#]")
string(REGEX REPLACE "^llama-cpp-python==([^ ]+) .*" "\\1" llama_pinned_version "${llama_pin}")
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS
  ${llama_recipe}/source.txt ${llama_recipe}/CMakeLists.txt ${llama_recipe}/modules.cmake)

# berth_cache_lock(): held until the calling function returns or the process ends.
macro(berth_cache_lock)
  set(lock ${BERTH_CACHE_DIR}/llama.cpp.lock)
  file(LOCK ${lock} GUARD FUNCTION TIMEOUT 0 RESULT_VARIABLE lock_result)
  if(NOT lock_result EQUAL 0)
    message(STATUS "llama.cpp: waiting for another build that prepares it (${lock})")
    file(LOCK ${lock} GUARD FUNCTION RESULT_VARIABLE lock_result)
  endif()
  if(NOT lock_result EQUAL 0)
    message(FATAL_ERROR "Cannot lock ${lock}: ${lock_result}\n"
      "Berth keeps llama.cpp there; XDG_CACHE_HOME in the environment chooses another folder.")
  endif()
endmacro()

# Runs a command; when it fails, removes the folder `discard` and stops with `advice`.
function(berth_run discard advice)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE result)
  if(NOT result EQUAL 0)
    file(REMOVE_RECURSE ${discard})
    list(JOIN ARGN " " command)
    message(FATAL_ERROR "This failed (${result}): ${command}\n${advice}")
  endif()
endfunction()

function(berth_fetch_llama destination)
  if(EXISTS ${destination})
    return()
  endif()
  berth_cache_lock()
  if(EXISTS ${destination})
    return()
  endif()
  message(STATUS "llama.cpp: fetching the source of version ${llama_pinned_version} (about 70 MB) into ${destination}")
  set(temporary ${destination}.tmp)
  file(REMOVE_RECURSE ${temporary})
  file(MAKE_DIRECTORY ${temporary})
  set(advice "Needed: python3 with pip, a way to its package index, 300 MB free in ${BERTH_CACHE_DIR} and in the "
    "temporary folder. Without them, name a llama.cpp source folder by -DBERTH_LLAMA_SOURCE_DIR=..., install llama.cpp, "
    "or leave the engine out by -DBERTH_LLAMA=OFF.")
  list(JOIN advice "" advice)
  # pip asks a source archive for its metadata before it keeps it; pip/ answers, so that no build tool is fetched and
  # no code of the archive runs.
  berth_run(${temporary} "${advice}"
    ${CMAKE_COMMAND} -E env PYTHONPATH=${llama_recipe}/pip PYTHONDONTWRITEBYTECODE=1
    python3 -m pip download --quiet --disable-pip-version-check --no-deps --no-build-isolation
    --no-binary llama-cpp-python --require-hashes -r ${llama_recipe}/source.txt -d ${temporary})
  file(GLOB archive ${temporary}/*.tar.gz)
  set(root llama_cpp_python-${llama_pinned_version}/vendor/llama.cpp)
  list(TRANSFORM llama_parts PREPEND ${root}/ OUTPUT_VARIABLE parts)
  berth_run(${temporary} "${advice}"
    ${CMAKE_COMMAND} -E chdir ${temporary} ${CMAKE_COMMAND} -E tar xf ${archive} -- ${parts})
  file(RENAME ${temporary}/${root} ${destination})
  file(REMOVE_RECURSE ${temporary})
endfunction()
set(llama_parts CMakeLists.txt LICENSE cmake common ggml include src vendor tools/llama-bench tools/rpc)

# What the user gave for llama.cpp: BERTH_GGML_X as GGML_X, and the CMake values that choose and steer the compilers;
# as text for `cmake -C`, since such a value can be a list.
function(berth_llama_arguments out)
  get_property(names DIRECTORY PROPERTY CACHE_VARIABLES)
  set(steering "CMAKE_((C|CXX|CUDA|HIP|OBJC|ASM)_(COMPILER|FLAGS|ARCHITECTURES|HOST_COMPILER)|TOOLCHAIN_FILE|SYSROOT|OSX_.*)")
  if(llama_options)
    string(APPEND steering "|CMAKE_PREFIX_PATH|.*Toolkit_ROOT|Vulkan_.*")
  endif()
  set(text "")
  foreach(name IN LISTS names)
    set(value "${${name}}")
    if(name MATCHES "^BERTH_(GGML_.+)$")
      string(APPEND text "set(${CMAKE_MATCH_1} [==[${value}]==] CACHE STRING \"\")\n")
    elseif(NOT value STREQUAL "" AND name MATCHES "^(${steering})$")
      string(APPEND text "set(${name} [==[${value}]==] CACHE STRING \"\")\n")
    endif()
  endforeach()
  set(${out} "${text}" PARENT_SCOPE)
endfunction()

# Builds the llama.cpp in `source` into a folder of the cache below `base`; its path -> out.
function(berth_build_llama out source base identity)
  berth_llama_arguments(arguments)
  # GGML_NATIVE compiles for the processor at hand; the compiler's macros name both of them.
  execute_process(COMMAND ${CMAKE_CXX_COMPILER} -march=native -dM -E -x c++ /dev/null OUTPUT_VARIABLE native ERROR_QUIET)
  file(SHA256 ${llama_recipe}/CMakeLists.txt recipe)
  set(modules "")
  if(BERTH_LLAMA_MODULES)
    file(SHA256 ${llama_recipe}/modules.cmake modules)
  endif()
  string(SHA256 key "${identity};${arguments};${recipe};${CMAKE_CXX_COMPILER_ID};${native}${modules}")
  string(SUBSTRING ${key} 0 16 key)
  set(prefix ${base}/${key})
  set(${out} ${prefix} PARENT_SCOPE)
  if(EXISTS ${prefix})
    return()
  endif()
  berth_cache_lock()
  if(EXISTS ${prefix})
    return()
  endif()
  message(STATUS "llama.cpp: building ${source} once, into ${prefix} (about 4 minutes on 2 cores)")
  set(temporary ${prefix}.tmp)
  file(REMOVE_RECURSE ${temporary})
  file(WRITE ${temporary}/arguments.cmake "${arguments}")
  set(advice "The reason stands above. Berth builds llama.cpp in ${base}; XDG_CACHE_HOME chooses another folder.")
  berth_run(${temporary} "${advice}" ${CMAKE_COMMAND} -S ${llama_recipe} -B ${temporary}/build -C ${temporary}/arguments.cmake
    -G ${CMAKE_GENERATOR} -Wno-dev --log-level=WARNING -DCMAKE_INSTALL_MESSAGE=NEVER
    -DCMAKE_INSTALL_PREFIX=${prefix} -DCMAKE_INSTALL_LIBDIR:PATH=lib
    -DBERTH_SOURCE=${source} -DBERTH_MODULES=${BERTH_LLAMA_MODULES})
  cmake_host_system_information(RESULT jobs QUERY NUMBER_OF_LOGICAL_CORES)
  if(DEFINED ENV{CMAKE_BUILD_PARALLEL_LEVEL})
    set(jobs $ENV{CMAKE_BUILD_PARALLEL_LEVEL})
  endif()
  berth_run(${temporary} "${advice}" ${CMAKE_COMMAND} --build ${temporary}/build --parallel ${jobs})
  berth_run(${temporary} "${advice}"
    ${CMAKE_COMMAND} --install ${temporary}/build --prefix ${temporary}/prefix)
  file(RENAME ${temporary}/prefix ${prefix})
  file(REMOVE_RECURSE ${temporary})
endfunction()

# Where an earlier run of CMake found llama.cpp says nothing about what is wanted now.
if(llama_DIR MATCHES "^${BERTH_CACHE_DIR}/")
  unset(llama_DIR CACHE)
  unset(ggml_DIR CACHE)
endif()
unset(llama_LIBRARY CACHE)

get_property(llama_options DIRECTORY PROPERTY CACHE_VARIABLES)
list(FILTER llama_options INCLUDE REGEX ^BERTH_GGML_)
# A backend that needs a driver is a module, so that Berth starts without it; those of the CPU are where there are
# several. A static libberth has them inside.
set(BERTH_LLAMA_MODULES OFF)
if(BUILD_SHARED_LIBS AND NOT APPLE)
  foreach(backend CUDA HIP MUSA VULKAN SYCL OPENCL WEBGPU OPENVINO CANN HEXAGON VIRTGPU ET CPU_ALL_VARIANTS)
    if(BERTH_GGML_${backend})
      set(BERTH_LLAMA_MODULES ON)
    endif()
  endforeach()
endif()
if(DEFINED BERTH_GGML_BACKEND_DL)
  set(BERTH_LLAMA_MODULES ${BERTH_GGML_BACKEND_DL})
endif()
if(BERTH_LLAMA_MODULES AND (APPLE OR NOT BUILD_SHARED_LIBS))
  message(FATAL_ERROR "BERTH_GGML_BACKEND_DL needs a shared libberth, and is not for macOS: leave it out")
endif()
set(BERTH_LLAMA_PREFIX "")
if(NOT BERTH_LLAMA_SOURCE_DIR AND NOT llama_options)
  find_package(llama ${llama_oldest} QUIET)
  foreach(version config IN ZIP_LISTS llama_CONSIDERED_VERSIONS llama_CONSIDERED_CONFIGS)
    if(NOT llama_FOUND)
      message(STATUS "llama.cpp: ${config} is not used: version ${version}, needed is ${llama_oldest} or a later 0.x")
    endif()
  endforeach()
endif()

set(llama_cache ${BERTH_CACHE_DIR}/llama.cpp-${llama_pinned_version})
if(BERTH_LLAMA_SOURCE_DIR)
  get_filename_component(llama_source ${BERTH_LLAMA_SOURCE_DIR} REALPATH)
  if(NOT EXISTS ${llama_source}/include/llama.h)
    message(FATAL_ERROR "BERTH_LLAMA_SOURCE_DIR is no llama.cpp source folder: ${llama_source}/include/llama.h is missing")
  endif()
  set(llama_cache ${BERTH_CACHE_DIR}/llama.cpp-folder)
  # A folder may change: its content is its identity.
  list(TRANSFORM llama_parts REPLACE "(.+)" "${llama_source}/\\1/*" OUTPUT_VARIABLE llama_globs)
  file(GLOB_RECURSE llama_files ${llama_source}/CMakeLists.txt ${llama_globs})
  set(llama_identity)
  foreach(file IN LISTS llama_files)
    file(SHA256 ${file} hash)
    list(APPEND llama_identity ${file} ${hash})
  endforeach()
  set(llama_origin "source folder")
elseif(llama_FOUND)
  set(llama_origin "installed package")
else()
  set(llama_source ${llama_cache}/src)
  set(llama_identity ${llama_pin})
  set(llama_origin "llama-cpp-python ${llama_pinned_version} source")
  berth_fetch_llama(${llama_source})
endif()

if(NOT llama_FOUND)
  berth_build_llama(BERTH_LLAMA_PREFIX ${llama_source} ${llama_cache} "${llama_identity}")
  unset(llama_DIR CACHE)
  unset(ggml_DIR CACHE)
endif()
if(BERTH_LLAMA_MODULES)
  include(${llama_recipe}/module_targets.cmake)
elseif(NOT llama_FOUND)
  block(PROPAGATE llama_VERSION GGML_CUDA GGML_SHARED_LIB GGML_BACKEND_DL GGML_OPENMP_ENABLED GGML_AVAILABLE_BACKENDS)
    set(CMAKE_DISABLE_FIND_PACKAGE_llama OFF)
    set(llama_ROOT ${BERTH_LLAMA_PREFIX})
    set(ggml_ROOT ${BERTH_LLAMA_PREFIX})
    find_package(llama REQUIRED QUIET)
  endblock()
endif()
# Inside of a shared libberth ggml computes with Berth's threads (src/engine/llama/openmp.cpp) instead of libgomp's.
set(BERTH_OWN_THREADS OFF)
if(BERTH_LLAMA_PREFIX AND BUILD_SHARED_LIBS AND NOT BERTH_LLAMA_MODULES AND GGML_OPENMP_ENABLED AND
   CMAKE_SYSTEM_NAME STREQUAL Linux AND CMAKE_CXX_COMPILER_ID STREQUAL GNU)
  set(BERTH_OWN_THREADS ON)
  foreach(target ggml::ggml-base ggml::ggml-cpu)
    get_target_property(libraries ${target} INTERFACE_LINK_LIBRARIES)
    list(FILTER libraries EXCLUDE REGEX OpenMP::)
    set_property(TARGET ${target} PROPERTY INTERFACE_LINK_LIBRARIES ${libraries})
  endforeach()
endif()
include(${llama_recipe}/targets.cmake)
# For programs that hold llama.cpp itself instead of libberth.
add_library(berth::plain_llama_cpp INTERFACE IMPORTED)
target_link_libraries(berth::plain_llama_cpp INTERFACE berth::llama_cpp)
if(BERTH_OWN_THREADS)
  target_link_libraries(berth::plain_llama_cpp INTERFACE OpenMP::OpenMP_CXX)
endif()
# Whether it enters drivers to list its devices. Which backends an installed one loads as plugins is not known here;
# modules are looked at when they are loaded.
set(BERTH_ENGINES_ENTER_DRIVERS true)
if(BERTH_LLAMA_MODULES OR (GGML_AVAILABLE_BACKENDS MATCHES "^(ggml-(cpu|rpc|blas)(;|$))+$" AND NOT GGML_BACKEND_DL))
  set(BERTH_ENGINES_ENTER_DRIVERS false)
endif()
set(BERTH_LLAMA_CPP_VERSION "${llama_VERSION} (${llama_origin})")
message(STATUS "llama.cpp: ${BERTH_LLAMA_CPP_VERSION}, ${llama_DIR}")
