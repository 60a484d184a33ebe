include(CMakePackageConfigHelpers)

install(TARGETS berth EXPORT berth-targets FILE_SET HEADERS)
install(TARGETS berth_probe berth_engine_probe berth_engine_host DESTINATION ${CMAKE_INSTALL_LIBEXECDIR}/berth)
if(TARGET berth_simulated)
  install(TARGETS berth_simulated DESTINATION ${CMAKE_INSTALL_LIBDIR}/berth)
endif()
if(TARGET berth_cli)
  install(TARGETS berth_cli)
endif()
install(EXPORT berth-targets NAMESPACE berth:: DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/berth)
configure_package_config_file(cmake/berth-config.cmake.in berth-config.cmake
  INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/berth)
write_basic_package_version_file(berth-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/berth-config.cmake ${PROJECT_BINARY_DIR}/berth-config-version.cmake
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/berth)

install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(FILES docs/man/berth.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 OPTIONAL)

# What libberth shares with its modules, and the modules. It finds them beside itself.
if(BERTH_LLAMA_MODULES)
  install(DIRECTORY ${BERTH_LLAMA_PREFIX}/lib/berth/ DESTINATION ${CMAKE_INSTALL_LIBDIR}/berth USE_SOURCE_PERMISSIONS
    PATTERN cmake EXCLUDE)
endif()

# A static libberth leaves its engine to be linked by whoever uses it, so the archives go along with it.
if(BERTH_LLAMA AND NOT BUILD_SHARED_LIBS)
  if(BERTH_LLAMA_PREFIX)
    install(DIRECTORY ${BERTH_LLAMA_PREFIX}/ DESTINATION ${CMAKE_INSTALL_LIBDIR}/berth)
  endif()
  install(FILES cmake/llama_cpp/targets.cmake DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/berth RENAME berth-llama.cmake)
endif()
