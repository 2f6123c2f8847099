# wn_room(NAME SOURCES f.c ... ROOMS room ... LIBRARIES target ...): one object library per folder.
# include/winnow holds the headers that are installed, include/wn those that only the rooms above may use. ROOMS decide
# which other headers the room can see; LIBRARIES are third parties, and nobody else sees theirs.
function(wn_room name)
  cmake_parse_arguments(R "" "" "SOURCES;ROOMS;LIBRARIES" ${ARGN})
  add_library(wn_${name} OBJECT ${R_SOURCES})
  target_include_directories(wn_${name}
    PUBLIC $<BUILD_INTERFACE:${CMAKE_CURRENT_SOURCE_DIR}/include>
    PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
  target_link_libraries(wn_${name} PUBLIC ${R_ROOMS} PRIVATE ${R_LIBRARIES})
  set_property(GLOBAL APPEND PROPERTY WINNOW_ROOMS wn_${name})
endfunction()

# wn_test(NAME SOURCES f.c ... [LABELS long]): a Criterion program linked with the whole library.
function(wn_test name)
  cmake_parse_arguments(T "" "" "SOURCES;LABELS" ${ARGN})
  add_executable(test_${name} ${T_SOURCES})
  target_link_libraries(test_${name} PRIVATE winnow_static PkgConfig::CRITERION PkgConfig::HDF5 PkgConfig::CJSON
    PkgConfig::UTF8PROC)
  target_include_directories(test_${name} PRIVATE ${PROJECT_SOURCE_DIR}/tests ${PROJECT_SOURCE_DIR}
    ${PROJECT_SOURCE_DIR}/base ${PROJECT_SOURCE_DIR}/formats ${PROJECT_SOURCE_DIR}/embed
    ${PROJECT_SOURCE_DIR}/similarity ${PROJECT_SOURCE_DIR}/selector ${PROJECT_SOURCE_DIR}/pipeline)
  add_test(NAME ${name} COMMAND test_${name} --verbose WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
  set_tests_properties(${name} PROPERTIES ENVIRONMENT "WINNOW_BIN=$<TARGET_FILE:winnow>"
    # Criterion's workers report what LeakSanitizer finds at their end, and pass
    FAIL_REGULAR_EXPRESSION "ERROR: [A-Za-z]*Sanitizer|WARNING: ThreadSanitizer|runtime error:")
  if(T_LABELS)
    set_tests_properties(${name} PROPERTIES LABELS "${T_LABELS}" COST 100) # begins first, so that none ends alone
  endif()
endfunction()
