# What the documentation shows is compiled and run.
file(GLOB docs CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/README.md ${PROJECT_SOURCE_DIR}/docs/*.md
  ${PROJECT_SOURCE_DIR}/docs/probes/*.md
  ${PROJECT_SOURCE_DIR}/examples/*/README.md)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${docs} docs/snippets.py)
set(snippets ${PROJECT_BINARY_DIR}/docs_snippets.cpp)
execute_process(
  COMMAND python3 ${CMAKE_CURRENT_SOURCE_DIR}/docs/snippets.py ${snippets} ${docs}
  OUTPUT_VARIABLE titles OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
add_executable(docs_snippets ${snippets})
target_link_libraries(docs_snippets PRIVATE berth::berth)
# Snippets name files of tests/data as a reader in the root of the repository would, and write others beside them.
file(MAKE_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR}/tests)
file(CREATE_LINK ${PROJECT_SOURCE_DIR}/tests/data ${CMAKE_CURRENT_BINARY_DIR}/tests/data SYMBOLIC)
foreach(title IN LISTS titles)
  add_test(NAME docs.${title} COMMAND docs_snippets ${title})
  set_tests_properties(docs.${title} PROPERTIES TIMEOUT 120 LABELS docs
    ENVIRONMENT "OPENAI_API_KEY=none;AZURE_OPENAI_API_KEY=none")  # remote generators are made, and ask nobody
endforeach()
