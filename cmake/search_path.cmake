# berth_search_path(TARGET INSTALLED BUILT): the program finds libberth in the folder INSTALLED, from its own, after the
# installation, and in BUILT before. Both are written when it is linked: CMake would give the program in the build a path
# with an empty part, to have room for the other, and an empty part stands for the current folder. Whoever started Berth
# in a folder that somebody else fills would run the libraries that lie there.
function(berth_search_path target installed built)
  set(origin $<IF:$<PLATFORM_ID:Darwin>,@loader_path,$ORIGIN>)
  set(folders ${origin}/${installed} ${origin}/${built})
  list(REMOVE_DUPLICATES folders)
  set_target_properties(${target} PROPERTIES
    BUILD_WITH_INSTALL_RPATH ${PROJECT_IS_TOP_LEVEL}
    INSTALL_RPATH "${folders}"
    INSTALL_RPATH_USE_LINK_PATH ON)
endfunction()
