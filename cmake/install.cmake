# What `cmake --install` and the .deb give: the program, libinquest, its header, its CMake package,
# man page, completion, schemas, documents.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

add_library(libinquest SHARED $<TARGET_OBJECTS:inquest_library>)
set_target_properties(libinquest PROPERTIES
  OUTPUT_NAME inquest EXPORT_NAME inquest VERSION ${PROJECT_VERSION} SOVERSION 0
  LINK_DEPENDS "${PROJECT_SOURCE_DIR}/src/library/exports.map")
target_include_directories(libinquest PUBLIC
  $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
target_link_libraries(libinquest PRIVATE inquest_library)
if(NOT INQUEST_SANITIZE)
  target_link_options(libinquest PRIVATE
    "-Wl,--version-script=${PROJECT_SOURCE_DIR}/src/library/exports.map")
endif()

# The man page and the completions are printed by the program itself.
set(generated "${PROJECT_BINARY_DIR}/generated")
add_custom_command(
  OUTPUT "${generated}/inquest.1" "${generated}/inquest.bash" "${generated}/inquest.fish"
         "${generated}/_inquest"
  COMMAND inquest completion man > "${generated}/inquest.1"
  COMMAND inquest completion bash > "${generated}/inquest.bash"
  COMMAND inquest completion fish > "${generated}/inquest.fish"
  COMMAND inquest completion zsh > "${generated}/_inquest"
  DEPENDS inquest COMMENT "Writing the man page and the completions" VERBATIM)
add_custom_target(inquest_manual ALL DEPENDS "${generated}/inquest.1")

install(TARGETS inquest RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(TARGETS libinquest EXPORT inquest LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY include/inquest DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(EXPORT inquest NAMESPACE inquest:: DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/inquest
        FILE inquest-targets.cmake)
file(WRITE "${generated}/inquest-config.cmake"
     "include(\"\${CMAKE_CURRENT_LIST_DIR}/inquest-targets.cmake\")\n")
write_basic_package_version_file("${generated}/inquest-config-version.cmake"
                                 COMPATIBILITY SameMinorVersion)
install(FILES "${generated}/inquest-config.cmake" "${generated}/inquest-config-version.cmake"
        DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/inquest)
install(FILES "${generated}/inquest.1" DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES "${generated}/inquest.bash" DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions
        RENAME inquest)
install(FILES "${generated}/inquest.fish" DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)
install(FILES "${generated}/_inquest" DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions)
install(DIRECTORY schema DESTINATION ${CMAKE_INSTALL_DATADIR}/inquest)
install(DIRECTORY docs/ DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(FILES LICENSE README.md DESTINATION ${CMAKE_INSTALL_DOCDIR})

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME inquest)
set(CPACK_PACKAGE_CONTACT "Inquest developers <inquest@example.invalid>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "${PROJECT_DESCRIPTION}")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS "libcurl4, libedit2, libmspack0")  # loaded by name, so not seen by shlibdeps
set(CPACK_DEBIAN_PACKAGE_SECTION devel)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_RESOURCE_FILE_LICENSE "${PROJECT_SOURCE_DIR}/LICENSE")
include(CPack)
