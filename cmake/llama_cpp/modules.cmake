# ggml in parts, for a build whose backends are modules: included by CMakeLists.txt with BERTH_MODULES.
#   lib/berth/libberth-ggml-base.so, libberth-ggml.so   one copy in a process, for libberth and all modules
#   lib/berth/libggml-cuda.so, libggml-cpu.so, ...      one module for each backend, opened when it is wanted
# llama.cpp itself stays a static library, inside libberth.

# A program may hold another ggml, and a symbol of that name that is loaded first would win. So ggml's functions have
# names of their own here: this header, which each source includes first, makes ggml_init berth_ggml_init.
file(GLOB headers ${BERTH_SOURCE}/ggml/include/*.h ${BERTH_SOURCE}/ggml/src/*.h)
set(functions "")
set(macros "")
foreach(header IN LISTS headers)
  file(READ ${header} text)
  string(REGEX MATCHALL "(ggml|gguf|(de)?quantize|iq[23]xs)_[A-Za-z0-9_]+ *\\(" found "${text}")
  list(APPEND functions ${found})
  string(REGEX MATCHALL "define +[A-Za-z0-9_]+" found "${text}")
  list(APPEND macros ${found})
endforeach()
list(TRANSFORM functions REPLACE " *\\($" "")
list(TRANSFORM macros REPLACE "define +" "")
list(REMOVE_DUPLICATES functions)
# The names by which a module is entered.
list(REMOVE_ITEM functions ggml_backend_init ggml_backend_score ${macros})
list(SORT functions)
list(TRANSFORM functions REPLACE "(.+)" "#define \\1 berth_\\1\n" OUTPUT_VARIABLE defines)
list(JOIN defines "" defines)
set(private_names ${CMAKE_CURRENT_BINARY_DIR}/berth_private_names.h)
file(WRITE ${private_names} "#pragma once\n${defines}")
install(FILES ${private_names} DESTINATION include)
add_compile_options($<$<COMPILE_LANGUAGE:C,CXX,CUDA,HIP>:SHELL:-include\ ${private_names}>)

file(WRITE ${CMAKE_CURRENT_BINARY_DIR}/base.map "{ global: *berth_*; local: *; };\n")
file(WRITE ${CMAKE_CURRENT_BINARY_DIR}/module.map "{ global: ggml_backend_init; ggml_backend_score; local: *; };\n")
# A name that the header above forgot is an error when it is linked, not when it is opened.
string(APPEND CMAKE_SHARED_LINKER_FLAGS " -Wl,--no-undefined -Wl,--version-script=${CMAKE_CURRENT_BINARY_DIR}/base.map")
string(APPEND CMAKE_MODULE_LINKER_FLAGS " -Wl,--no-undefined -Wl,--version-script=${CMAKE_CURRENT_BINARY_DIR}/module.map")

# ggml's modules do not know "native", so the one of the CPU is compiled for this machine below.
set(native ${GGML_NATIVE})
set(GGML_NATIVE OFF)
if(GGML_CPU_ALL_VARIANTS)
  set(native OFF)
elseif(native)
  foreach(feature SSE42 AVX AVX2 BMI2 FMA F16C)
    set(GGML_${feature} OFF)
  endforeach()
  if(GGML_CUDA AND NOT CMAKE_CUDA_ARCHITECTURES AND EXISTS /dev/nvidiactl)
    set(CMAKE_CUDA_ARCHITECTURES native)
  endif()
endif()

set(CMAKE_INSTALL_RPATH $ORIGIN)
set(CMAKE_INSTALL_RPATH_USE_LINK_PATH ON)  # CUDA is often where the loader does not look
block()
  set(BUILD_SHARED_LIBS ON)
  set(GGML_BACKEND_DL ON)
  set(GGML_LLAMAFILE_DEFAULT ON)    # as llama.cpp sets them
  set(GGML_CUDA_GRAPHS_DEFAULT ON)
  set(CMAKE_INSTALL_LIBDIR lib/berth)
  set(CMAKE_INSTALL_BINDIR lib/berth)
  add_subdirectory(${BERTH_SOURCE}/ggml ggml)
endblock()
# The version in the name: a module of another ggml does not find the one that it was built for, and says so.
foreach(library ggml-base ggml)
  get_target_property(version ${library} VERSION)
  set_target_properties(${library} PROPERTIES OUTPUT_NAME berth-${library} SOVERSION ${version})
endforeach()
foreach(module IN LISTS GGML_AVAILABLE_BACKENDS)
  set_property(TARGET ${module} PROPERTY VERSION)
  set_property(TARGET ${module} PROPERTY SOVERSION)
endforeach()
if(native)
  target_compile_options(ggml-cpu PRIVATE -march=native)
endif()
