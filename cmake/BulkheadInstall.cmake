# What `cmake --install` gives. The tree may be moved as a whole: programs find the library, and the
# library its launcher and plugins, relative to themselves.
include(CMakePackageConfigHelpers)

set(BULKHEAD_INSTALL_CMAKEDIR ${CMAKE_INSTALL_LIBDIR}/cmake/bulkhead)
set(BULKHEAD_INSTALL_LIBEXECDIR ${CMAKE_INSTALL_LIBEXECDIR}/bulkhead)

# --- libraries and headers ---
set_target_properties(bulkhead PROPERTIES
  EXPORT_NAME host
  VERSION ${PROJECT_VERSION}
  SOVERSION ${PROJECT_VERSION_MAJOR}
  INSTALL_RPATH "$ORIGIN")
set_target_properties(bulkhead_sdk PROPERTIES EXPORT_NAME sdk)
install(TARGETS bulkhead bulkhead_sdk
  EXPORT bulkheadTargets
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
  INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(DIRECTORY sdk/include/bulkhead host/include/bulkhead
  DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
  FILES_MATCHING PATTERN "*.h" PATTERN "*.hpp")
install(DIRECTORY sdk/templates/ DESTINATION ${CMAKE_INSTALL_DATADIR}/bulkhead/templates)
install(DIRECTORY sdk/schema/ DESTINATION ${CMAKE_INSTALL_DATADIR}/bulkhead/schema
  FILES_MATCHING PATTERN "*.capnp")
install(FILES LICENSE README.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY docs DESTINATION ${CMAKE_INSTALL_DOCDIR} FILES_MATCHING PATTERN "*.md")
# The pages link to them; samples/run.sh builds Bulkhead, which is there already.
install(DIRECTORY samples DESTINATION ${CMAKE_INSTALL_DOCDIR} PATTERN run.sh EXCLUDE)

# --- programs ---
file(RELATIVE_PATH bulkhead_bin_to_lib /${CMAKE_INSTALL_BINDIR} /${CMAKE_INSTALL_LIBDIR})
set_target_properties(bulkhead-cli PROPERTIES INSTALL_RPATH "$ORIGIN/${bulkhead_bin_to_lib}")
install(TARGETS bulkhead-cli RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(TARGETS bulkhead-launcher RUNTIME DESTINATION ${BULKHEAD_INSTALL_LIBEXECDIR})

# --- find_package(bulkhead) ---
install(EXPORT bulkheadTargets NAMESPACE bulkhead:: DESTINATION ${BULKHEAD_INSTALL_CMAKEDIR})
configure_package_config_file(cmake/bulkheadConfig.cmake.in
  ${CMAKE_CURRENT_BINARY_DIR}/bulkheadConfig.cmake
  INSTALL_DESTINATION ${BULKHEAD_INSTALL_CMAKEDIR}
  PATH_VARS CMAKE_INSTALL_DATADIR)
write_basic_package_version_file(${CMAKE_CURRENT_BINARY_DIR}/bulkheadConfigVersion.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES
  ${CMAKE_CURRENT_BINARY_DIR}/bulkheadConfig.cmake
  ${CMAKE_CURRENT_BINARY_DIR}/bulkheadConfigVersion.cmake
  cmake/BulkheadPlugin.cmake
  DESTINATION ${BULKHEAD_INSTALL_CMAKEDIR})

# --- pkg-config ---
file(RELATIVE_PATH BULKHEAD_PC_TO_PREFIX /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
string(REGEX REPLACE "/$" "" BULKHEAD_PC_TO_PREFIX "${BULKHEAD_PC_TO_PREFIX}")
foreach(package bulkhead bulkhead-sdk)
  configure_file(cmake/${package}.pc.in ${CMAKE_CURRENT_BINARY_DIR}/${package}.pc @ONLY)
  install(FILES ${CMAKE_CURRENT_BINARY_DIR}/${package}.pc
    DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endforeach()
