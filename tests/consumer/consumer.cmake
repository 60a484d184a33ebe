# Installs Berth into an empty folder and builds projects outside of it against what is there: the one beside this file,
# and the examples, which examples_test runs.
set(prefix ${CMAKE_CURRENT_BINARY_DIR}/consumer/prefix)
set(options -DCMAKE_PREFIX_PATH=${prefix} -DCMAKE_BUILD_TYPE=${CMAKE_BUILD_TYPE} -DCMAKE_CXX_COMPILER=${CMAKE_CXX_COMPILER})
if(BUILD_SHARED_LIBS)
  # The shared library asks its users for nothing else.
  foreach(package llama ggml fmt nlohmann_json Threads)
    list(APPEND options -DCMAKE_DISABLE_FIND_PACKAGE_${package}=ON)
  endforeach()
endif()

add_test(NAME consumer.empty_prefix COMMAND ${CMAKE_COMMAND} -E rm -rf ${CMAKE_CURRENT_BINARY_DIR}/consumer)
add_test(NAME consumer.installs COMMAND ${CMAKE_COMMAND} --install ${PROJECT_BINARY_DIR} --prefix ${prefix})
# consumes(test folder arguments...): the test builds the project in `folder`.
function(consumes test folder)
  get_filename_component(name ${folder} NAME)
  add_test(NAME ${test} COMMAND ${CMAKE_CTEST_COMMAND}
    --build-and-test ${folder} ${CMAKE_CURRENT_BINARY_DIR}/consumer/${name}
    --build-generator ${CMAKE_GENERATOR} --build-options ${options} ${ARGN})
  set_tests_properties(${test} PROPERTIES FIXTURES_REQUIRED installed TIMEOUT 120)
endfunction()
consumes(consumer.builds_and_runs ${CMAKE_CURRENT_LIST_DIR} --test-command consumer)
if(BERTH_LLAMA)
  set_tests_properties(consumer.builds_and_runs PROPERTIES FIXTURES_SETUP consumer)
  foreach(example custom_component rag search chat)
    consumes(examples.builds_${example} ${PROJECT_SOURCE_DIR}/examples/${example})
    set_tests_properties(examples.builds_${example} PROPERTIES FIXTURES_SETUP examples LABELS examples)
  endforeach()
  set(model ${BERTH_CACHE_DIR}/models/smollm2/SmolLM2-135M-Instruct.Q4_1.gguf)
endif()
if(BERTH_LLAMA AND BUILD_SHARED_LIBS)
  add_test(NAME consumer.keeps_its_own_ggml
    COMMAND ${CMAKE_CURRENT_BINARY_DIR}/consumer/consumer/other_ggml ${model})
  set_tests_properties(consumer.keeps_its_own_ggml PROPERTIES FIXTURES_REQUIRED "installed;consumer" TIMEOUT 120)
endif()
if(BERTH_LLAMA_MODULES)
  add_test(NAME consumer.modules COMMAND ${CMAKE_CURRENT_LIST_DIR}/modules_test.sh
    ${prefix} ${CMAKE_INSTALL_LIBDIR} ${PROJECT_BINARY_DIR}/fakes/modules ${model})
  set_tests_properties(consumer.modules PROPERTIES FIXTURES_REQUIRED installed TIMEOUT 300)
endif()
add_test(NAME consumer.installed_program_runs COMMAND ${prefix}/${CMAKE_INSTALL_BINDIR}/berth --version)
set_tests_properties(consumer.empty_prefix PROPERTIES FIXTURES_SETUP empty_prefix)
set_tests_properties(consumer.installs PROPERTIES FIXTURES_REQUIRED empty_prefix FIXTURES_SETUP installed)
set_tests_properties(consumer.installs PROPERTIES TIMEOUT 120)
set_tests_properties(consumer.installed_program_runs PROPERTIES FIXTURES_REQUIRED installed)
