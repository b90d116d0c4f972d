# The rooms: one static library each. This table is the only place that says which rooms there are,
# whom each may include, and what it links. `tools/check_rooms` holds every #include to it.
#
#   room | rooms it may include | packages it links
set(INQUEST_ROOMS
  "base       |                                                       | fmt::fmt tl::expected zlib zstd lzma lz4 tbb"
  "format/elf | base                                                  | "
  "format/pe  | base                                                  | "
  "format/pdb | base                                                  | nlohmann_json::nlohmann_json"
  "format/breakpad | base                                             | "
  "format/minidump | base                                             | "
  "format/sanitizer | base                                            | "
  "snapshot   | base                                                  | "
  "ingest     | base format/elf format/pe format/minidump snapshot                            | "
  "locate     | base format/elf format/pe format/pdb snapshot                 | curl mspack zlib"
  "symbols    | base format/elf format/pe format/pdb format/breakpad snapshot locate            | llvm xxhash"
  "unwind     | base format/elf format/pe format/breakpad snapshot locate                       | "
  "heap       | base snapshot                                         | "
  "objects    | base snapshot symbols heap                            | pugixml"
  "answer     | base                                                  | "
  "cause      | base format/elf format/pe format/breakpad format/sanitizer snapshot locate symbols unwind heap objects answer | zydis"
  "query      | base snapshot locate symbols unwind heap objects answer cause                | sqlite3"
  "report     | base answer                                           | nlohmann_json::nlohmann_json"
  "capture    | base format/elf snapshot ingest                       | "
  "cut        | base ingest snapshot                                  | nlohmann_json::nlohmann_json"
  "library    | base ingest snapshot locate symbols answer cause report unwind | "
  "app        | *                                                     | CLI11::CLI11"
)

# The rooms (or their first words) that read bytes of strangers.
set(INQUEST_PARSERS base format snapshot ingest locate symbols unwind heap objects)

# Many files are compiled at once: most of a compiler's time goes into headers. Who works on one room configures with
# -DINQUEST_UNITY_BATCH=4 (or the preset `dev`), so that a change compiles less. These are compiled alone, because they
# rightly call their own things by the same names as the file beside them.
file(GLOB alone CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/src/unwind/arch/*.cc")
foreach(name locate/store_test locate/windows_search_test ingest/minidump_test ingest/minidump_faults_test symbols/breakpad_test symbols/types_test symbols/windows_test objects/remnants/freed unwind/walk_test
             unwind/real_test unwind/text/frame_rules_test unwind/pe/native_test unwind/pe/x64_test cause/runtime/what_test report/show_test report/show_json report/show_text)
  list(APPEND alone "${PROJECT_SOURCE_DIR}/src/${name}.cc")
endforeach()
set_source_files_properties(${alone} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)

# One static library `inquest_<room>` from src/<room>/**.cc, one test program from **_test.cc.
function(inquest_add_rooms)
  foreach(row IN LISTS INQUEST_ROOMS)
    string(REPLACE "|" ";" cells "${row}")
    list(TRANSFORM cells STRIP)
    list(GET cells 0 room)
    list(GET cells 1 may_include)
    list(GET cells 2 packages)
    string(REPLACE " " ";" packages "${packages}")
    string(REGEX REPLACE " +" ";" may_include "${may_include}")
    string(REPLACE "/" "_" target "inquest_${room}")

    file(GLOB_RECURSE sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/src/${room}/*.cc")
    set(tests ${sources})
    list(FILTER sources EXCLUDE REGEX "(_test|/main)\\.cc$")
    list(FILTER tests INCLUDE REGEX "_test\\.cc$")

    if(NOT sources)
      continue()
    endif()
    add_library(${target} STATIC ${sources})
    set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE ON)
    set_target_properties(${target} PROPERTIES UNITY_BUILD ${INQUEST_UNITY} UNITY_BUILD_BATCH_SIZE ${INQUEST_UNITY_BATCH})
    target_include_directories(${target} PUBLIC "${PROJECT_SOURCE_DIR}/src")
    target_link_libraries(${target} PRIVATE inquest_warnings)
    if(may_include STREQUAL "*")
      get_property(may_include GLOBAL PROPERTY INQUEST_ROOM_NAMES)
    endif()
    foreach(other IN LISTS may_include)
      string(REPLACE "/" "_" other_target "inquest_${other}")
      if(TARGET ${other_target})
        target_link_libraries(${target} PUBLIC ${other_target})
      endif()
    endforeach()
    foreach(package IN LISTS packages)
      target_link_libraries(${target} PUBLIC ${INQUEST_PACKAGE_${package}})
      if(NOT DEFINED INQUEST_PACKAGE_${package})
        target_link_libraries(${target} PUBLIC ${package})
      endif()
    endforeach()
    set_property(GLOBAL APPEND PROPERTY INQUEST_ROOM_NAMES ${room})

    if(tests AND INQUEST_TESTS)
      add_executable(${target}_test ${tests})
      # The tests' own code need not be fast; unoptimised it compiles in half the time.
      target_compile_options(${target}_test PRIVATE -O0)
      set_target_properties(${target}_test PROPERTIES UNITY_BUILD ${INQUEST_UNITY} UNITY_BUILD_BATCH_SIZE ${INQUEST_UNITY_BATCH})
      target_link_libraries(${target}_test PRIVATE ${target} inquest_testkit inquest_warnings
                                                   GTest::gtest_main GTest::gmock)
      string(REPLACE "/" "." label "${room}")
      gtest_discover_tests(${target}_test TEST_PREFIX "${label}." DISCOVERY_MODE PRE_TEST
                           PROPERTIES TIMEOUT 300
                           WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}")
    endif()
  endforeach()
endfunction()
