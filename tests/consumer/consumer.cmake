# Installs Berth into an empty folder, builds the project beside this file against it and runs both.
set(prefix ${CMAKE_CURRENT_BINARY_DIR}/consumer/prefix)
set(options -DCMAKE_PREFIX_PATH=${prefix} -DCMAKE_BUILD_TYPE=${CMAKE_BUILD_TYPE} -DCMAKE_CXX_COMPILER=${CMAKE_CXX_COMPILER})
if(BERTH_SANITIZE)
  list(APPEND options -DCMAKE_CXX_FLAGS=-fsanitize=${BERTH_SANITIZE})
endif()
if(BUILD_SHARED_LIBS)
  # The shared library asks its users for nothing else.
  foreach(package llama ggml fmt nlohmann_json Threads)
    list(APPEND options -DCMAKE_DISABLE_FIND_PACKAGE_${package}=ON)
  endforeach()
endif()

add_test(NAME consumer.empty_prefix COMMAND ${CMAKE_COMMAND} -E rm -rf ${CMAKE_CURRENT_BINARY_DIR}/consumer)
add_test(NAME consumer.installs COMMAND ${CMAKE_COMMAND} --install ${PROJECT_BINARY_DIR} --prefix ${prefix})
add_test(NAME consumer.builds_and_runs COMMAND ${CMAKE_CTEST_COMMAND}
  --build-and-test ${CMAKE_CURRENT_LIST_DIR} ${CMAKE_CURRENT_BINARY_DIR}/consumer/build
  --build-generator ${CMAKE_GENERATOR} --build-options ${options} --test-command consumer)
add_test(NAME consumer.installed_program_runs COMMAND ${prefix}/${CMAKE_INSTALL_BINDIR}/berth --version)
set_tests_properties(consumer.empty_prefix PROPERTIES FIXTURES_SETUP empty_prefix)
set_tests_properties(consumer.installs PROPERTIES FIXTURES_REQUIRED empty_prefix FIXTURES_SETUP installed)
set_tests_properties(consumer.builds_and_runs consumer.installed_program_runs PROPERTIES FIXTURES_REQUIRED installed)
set_tests_properties(consumer.installs consumer.builds_and_runs PROPERTIES TIMEOUT 120)
