# Each public header compiles alone: one file per header that includes nothing else.
file(GLOB headers CONFIGURE_DEPENDS RELATIVE ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR}/include/berth/*.h)
if(NOT BERTH_C10_INCLUDE_DIR)
  list(REMOVE_ITEM headers berth/torch.h)
endif()
set(header_sources)
foreach(header IN LISTS headers)
  set(source ${CMAKE_CURRENT_BINARY_DIR}/headers/${header}.cpp)
  file(CONFIGURE OUTPUT ${source} CONTENT "#include <${header}>\n")
  list(APPEND header_sources ${source})
endforeach()
add_library(berth_headers OBJECT ${header_sources})
berth_warnings(berth_headers)
target_compile_options(berth_headers PRIVATE -fno-sanitize=all)
target_compile_features(berth_headers PRIVATE cxx_std_20)
# Not by linking berth: nothing but the standard library may be on the way.
target_include_directories(berth_headers PRIVATE ${PROJECT_SOURCE_DIR}/include)
if(BERTH_C10_INCLUDE_DIR)
  set_property(SOURCE ${CMAKE_CURRENT_BINARY_DIR}/headers/berth/torch.h.cpp
    PROPERTY INCLUDE_DIRECTORIES ${BERTH_C10_INCLUDE_DIR})
endif()

add_test(NAME headers.each_compiles_alone
  COMMAND ${CMAKE_COMMAND} --build ${PROJECT_BINARY_DIR} --target berth_headers)
set_tests_properties(headers.each_compiles_alone PROPERTIES TIMEOUT 300 RESOURCE_LOCK build)
