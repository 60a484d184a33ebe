# The targets of llama.cpp's package, for a llama.cpp that modules.cmake built in BERTH_LLAMA_PREFIX.
foreach(library ggml-base ggml)
  add_library(ggml::${library} SHARED IMPORTED)
  set_target_properties(ggml::${library} PROPERTIES
    IMPORTED_LOCATION ${BERTH_LLAMA_PREFIX}/lib/berth/libberth-${library}.so
    INTERFACE_INCLUDE_DIRECTORIES ${BERTH_LLAMA_PREFIX}/include)
endforeach()
target_link_libraries(ggml::ggml INTERFACE ggml::ggml-base)
add_library(llama STATIC IMPORTED)
set_target_properties(llama PROPERTIES IMPORTED_LOCATION ${BERTH_LLAMA_PREFIX}/lib/libllama.a)
target_link_libraries(llama INTERFACE ggml::ggml)

include(${BERTH_LLAMA_PREFIX}/lib/cmake/llama/llama-config-version.cmake)
set(llama_VERSION ${PACKAGE_VERSION})
set(llama_DIR ${BERTH_LLAMA_PREFIX})
set(GGML_SHARED_LIB ON)
# For each source that includes a header of ggml or llama.cpp; one that forgets it is not linked.
set(BERTH_GGML_NAMES -include ${BERTH_LLAMA_PREFIX}/include/berth_private_names.h)
