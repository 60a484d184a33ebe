option(BERTH_JOIN_SOURCES "Compile the sources of a folder as one: quicker as a whole, slower after each change" OFF)

# berth_join_sources(target [EXCEPT regex]): the sources of each folder, as one. A name in an anonymous namespace is
# then the only one of its folder; EXCEPT those of files which cannot hold to that, as they name what others named.
function(berth_join_sources target)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "EXCEPT" "")
  if(NOT BERTH_JOIN_SOURCES)
    return()
  endif()
  set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_MODE GROUP)
  # A source that another includes is a header to GCC, whose types must not hold what is anonymous; and a local name may
  # be that of a constant in another source. The other builds look for both.
  target_compile_options(${target} PRIVATE -Wno-shadow $<$<CXX_COMPILER_ID:GNU>:-Wno-subobject-linkage>)
  # So large a source makes GCC look for garbage all the time, with the limits that it has for small ones.
  target_compile_options(${target} PRIVATE "$<$<CXX_COMPILER_ID:GNU>:SHELL:--param ggc-min-heapsize=524288>")
  get_target_property(sources ${target} SOURCES)
  list(FILTER sources INCLUDE REGEX "\\.cpp$")
  if(arg_EXCEPT)
    list(FILTER sources EXCLUDE REGEX "${arg_EXCEPT}")
  endif()
  foreach(source IN LISTS sources)
    cmake_path(GET source PARENT_PATH folder)
    string(MAKE_C_IDENTIFIER "${folder}" group)
    set_property(SOURCE ${source} PROPERTY UNITY_GROUP ${group})
  endforeach()
endfunction()
