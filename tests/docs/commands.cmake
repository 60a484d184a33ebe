# The commands of the pages, by the program as it is released: with sanitizers they take five times as long and tell no more
# than the tests of cli/.
file(GLOB pages_with_commands CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/README.md ${PROJECT_SOURCE_DIR}/docs/*.md
  ${PROJECT_SOURCE_DIR}/docs/probes/*.md ${PROJECT_SOURCE_DIR}/examples/*/README.md)
add_test(NAME docs.commands COMMAND python3 ${CMAKE_CURRENT_SOURCE_DIR}/docs/commands.py $<TARGET_FILE:berth_cli> ${pages_with_commands})
set_tests_properties(docs.commands PROPERTIES TIMEOUT 300 LABELS docs PROCESSORS 2)
