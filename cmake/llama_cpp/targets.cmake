# The targets through which Berth sees llama.cpp; after find_package(llama).
add_library(berth::llama_cpp INTERFACE IMPORTED)
target_link_libraries(berth::llama_cpp INTERFACE llama ggml::ggml)
if(GGML_CUDA AND NOT GGML_SHARED_LIB)
  # ggml's package forgets the libraries of CUDA when it is static itself.
  find_package(CUDAToolkit REQUIRED)
  target_link_libraries(berth::llama_cpp INTERFACE CUDA::cudart CUDA::cublas)
endif()
