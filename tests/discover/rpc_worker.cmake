# A real worker for the tests of the RPC probe, where the llama.cpp at hand has that backend.
if(TARGET discover_test AND TARGET ggml::ggml-rpc)
  add_executable(rpc_test_worker ${CMAKE_CURRENT_LIST_DIR}/rpc_worker_main.cpp)
  berth_warnings(rpc_test_worker)
  target_link_libraries(rpc_test_worker PRIVATE berth::llama_cpp)
  add_dependencies(discover_test rpc_test_worker)
  target_compile_definitions(discover_test PRIVATE BERTH_TEST_RPC_WORKER="$<TARGET_FILE:rpc_test_worker>")
endif()
