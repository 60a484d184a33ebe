include(GoogleTest)

# What every test program begins with.
add_library(berth_test_main OBJECT ${PROJECT_SOURCE_DIR}/tests/main.cpp)
berth_warnings(berth_test_main)
target_link_libraries(berth_test_main PRIVATE GTest::gtest)
target_compile_definitions(berth_test_main PRIVATE BERTH_TEST_SKIPS="${PROJECT_SOURCE_DIR}/tests/skips.txt")

# berth_add_test(name SOURCES file... [LABELS label...] [PROCESSORS n] [FIXTURES fixture...] [ONE_BY_ONE]): one GoogleTest
# executable. ctest runs it in four parts, each in one process, or knows its tests ONE_BY_ONE.
# Defined in it: BERTH_TEST_DATA_DIR, BERTH_TEST_MODEL, BERTH_TEST_MINILM and BERTH_TEST_LLAMA_SERVER (where the models are, once
# they were fetched, and llama-server, once it was built), BERTH_BINARY (the command line) and BERTH_TEST_CONSUMERS (what
# consumer.cmake builds). BERTH_CORPUS_DIR comes from the environment, else tests/data/corpus is meant.
# Threads of the engine sleep while they wait for each other, as tests beside this one need the cores.
# PROCESSORS: how many a test keeps busy; those that run a model take all that there are, and share badly.
function(berth_add_test name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "ONE_BY_ONE" "PROCESSORS" "SOURCES;LABELS;FIXTURES")
  if(NOT arg_PROCESSORS)
    set(arg_PROCESSORS 1)
  endif()
  add_executable(${name} ${arg_SOURCES} $<TARGET_OBJECTS:berth_test_main>)
  berth_warnings(${name})
  berth_join_sources(${name})
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR}/tests)
  target_link_libraries(${name} PRIVATE
    berth::berth fmt::fmt nlohmann_json::nlohmann_json GTest::gmock Threads::Threads ${CMAKE_DL_LIBS})
  # Most of the time that tests take to compile went into these headers, into making quick code of what runs once, and
  # into checks of undefined behaviour in matchers.
  if(NOT BERTH_JOIN_SOURCES)
    target_precompile_headers(${name} PRIVATE <gmock/gmock.h> <gtest/gtest.h> <nlohmann/json.hpp> <fmt/format.h>)
  endif()
  target_compile_options(${name} PRIVATE -O0 -fno-sanitize=undefined)
  target_compile_definitions(${name} PRIVATE
    BERTH_TEST_DATA_DIR="${PROJECT_SOURCE_DIR}/tests/data"
    BERTH_TEST_MODEL="${BERTH_CACHE_DIR}/models/smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
    BERTH_TEST_MINILM="${BERTH_CACHE_DIR}/models/minilm"
    BERTH_TEST_LLAMA_SERVER="${BERTH_CACHE_DIR}/llama.cpp-${llama_pinned_version}/llama-server/bin/llama-server"
    BERTH_BINARY="${PROJECT_BINARY_DIR}/bin/berth"
    BERTH_TEST_CONSUMERS="${PROJECT_BINARY_DIR}/tests/consumer"
    $<$<BOOL:${BERTH_LLAMA}>:BERTH_WITH_LLAMA=1>)
  if(TARGET berth_cli)
    add_dependencies(${name} berth_cli)
  endif()
  add_dependencies(${name} berth_engine_probe berth_engine_host)
  set(properties LABELS "${arg_LABELS}" PROCESSORS ${arg_PROCESSORS})
  if(arg_FIXTURES)
    list(APPEND properties FIXTURES_REQUIRED "${arg_FIXTURES}")
  endif()
  if(arg_ONE_BY_ONE)
    gtest_discover_tests(${name} DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 30 PROPERTIES TIMEOUT 120 ${properties})
  else()
    # In parts, so that two of them share the cores: a part has each fourth test.
    foreach(part RANGE 3)
      add_test(NAME ${name}.${part} COMMAND ${name} --gtest_brief=1 WORKING_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR})
      set_tests_properties(${name}.${part} PROPERTIES TIMEOUT 1500 ${properties}
        ENVIRONMENT "GTEST_TOTAL_SHARDS=4;GTEST_SHARD_INDEX=${part};OMP_WAIT_POLICY=passive")
    endforeach()
  endif()
endfunction()
