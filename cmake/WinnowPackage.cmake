# cmake --install, the pkg-config file, the CMake package and `cpack -G DEB`: winnow (the program, its library and
# documents) and winnow-dev (headers and what a program is linked with).
install(TARGETS winnow RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT winnow)
install(TARGETS winnow_shared LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT winnow
  NAMELINK_COMPONENT dev)
install(TARGETS winnow_static ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT dev)
if(TARGET winnow_mpi)
  install(TARGETS winnow_mpi LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}/winnow COMPONENT mpi)
endif()
foreach(room base formats embed similarity selector pipeline)
  install(DIRECTORY ${PROJECT_SOURCE_DIR}/${room}/include/winnow DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
    COMPONENT dev)
endforeach()
install(PROGRAMS tools/get-minilm DESTINATION ${CMAKE_INSTALL_BINDIR} RENAME winnow-get-minilm COMPONENT winnow)
install(FILES LICENSE README.md CHANGELOG.md DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT winnow)
install(DIRECTORY docs DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT winnow)
install(DIRECTORY examples DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/winnow-dev COMPONENT dev)

# The pkg-config file. A program that links the shared library needs nothing else; what a static link needs stands
# under Libs.private as flags, since Requires.private would ask for ten packages before it says anything.
set(private ${OPENBLAS_LDFLAGS} ${LAPACKE_LDFLAGS} ${HDF5_LDFLAGS} ${CJSON_LDFLAGS} ${UTF8PROC_LDFLAGS}
  ${ZLIB_LDFLAGS} ${ZSTD_LDFLAGS} ${LIBZIP_LDFLAGS} ${XXHASH_LDFLAGS} ${CRYPTO_LDFLAGS} -lcsv -llbfgs -lm -pthread)
list(REMOVE_DUPLICATES private)
list(JOIN private " " WINNOW_PC_PRIVATE)
# relative, so that it holds under any prefix: cmake --install --prefix, /usr in a package
file(RELATIVE_PATH WINNOW_PC_PREFIX "${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig" "${CMAKE_INSTALL_PREFIX}")
configure_file(cmake/winnow.pc.in winnow.pc @ONLY)
configure_file(cmake/winnow-config.cmake.in winnow-config.cmake @ONLY)
include(CMakePackageConfigHelpers)
write_basic_package_version_file(winnow-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/winnow.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT dev)
install(FILES ${PROJECT_BINARY_DIR}/winnow-config.cmake ${PROJECT_BINARY_DIR}/winnow-config-version.cmake
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/winnow COMPONENT dev)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME winnow)
set(CPACK_PACKAGE_CONTACT "The winnow authors <winnow@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "${PROJECT_DESCRIPTION}")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_COMPONENTS_ALL winnow dev)
if(TARGET winnow_mpi)
  list(APPEND CPACK_COMPONENTS_ALL mpi)
  set(CPACK_DEBIAN_MPI_PACKAGE_NAME winnow-mpi)
  set(CPACK_DEBIAN_MPI_PACKAGE_SECTION science)
  set(CPACK_DEBIAN_MPI_PACKAGE_SHLIBDEPS ON)
  set(CPACK_DEBIAN_MPI_PACKAGE_DEPENDS "winnow (= ${PROJECT_VERSION})")
  set(CPACK_COMPONENT_MPI_DESCRIPTION "winnow select over the ranks of Open MPI")
endif()
set(CPACK_COMPONENTS_GROUPING IGNORE)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_WINNOW_PACKAGE_NAME winnow)
set(CPACK_DEBIAN_WINNOW_PACKAGE_SECTION science)
set(CPACK_DEBIAN_WINNOW_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_WINNOW_PACKAGE_RECOMMENDS "python3-venv") # winnow-get-minilm
set(CPACK_DEBIAN_WINNOW_DESCRIPTION "${PROJECT_DESCRIPTION}")
set(CPACK_DEBIAN_DEV_PACKAGE_NAME winnow-dev)
set(CPACK_DEBIAN_DEV_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEV_PACKAGE_DEPENDS "winnow (= ${PROJECT_VERSION})")
set(static_needs pkgconf libopenblas-dev liblapacke-dev libhdf5-dev libcjson-dev libutf8proc-dev zlib1g-dev
  libzstd-dev libzip-dev libxxhash-dev libssl-dev libcsv-dev
  liblbfgs-dev)
list(JOIN static_needs ", " CPACK_DEBIAN_DEV_PACKAGE_SUGGESTS)
set(CPACK_COMPONENT_DEV_DESCRIPTION "Headers and libraries for programs that use libwinnow")
set(CPACK_COMPONENT_WINNOW_DESCRIPTION "${PROJECT_DESCRIPTION}")
include(CPack)
