# A program that uses llama.cpp and knows nothing of Berth. It shares its ggml with what it opens.
if(TARGET engine_test AND TARGET berth_simulated AND NOT BERTH_LLAMA_MODULES)
  add_executable(plain_llama ${CMAKE_CURRENT_LIST_DIR}/plain_llama.cpp)
  berth_warnings(plain_llama)
  target_link_libraries(plain_llama PRIVATE berth::plain_llama_cpp)
  set_target_properties(plain_llama PROPERTIES ENABLE_EXPORTS ON)
  add_dependencies(engine_test plain_llama berth_simulated)
  target_compile_definitions(engine_test PRIVATE BERTH_TEST_PLAIN_LLAMA="$<TARGET_FILE:plain_llama>"
    BERTH_TEST_SIMULATED_MODULE="$<TARGET_FILE:berth_simulated>")
endif()
