# Building the patients: every case by every compiler, at -O0 and -O2, with and without debug
# information.
#
#   inquest_case(NAME SOURCES file... [OPTIONS flag...] [LINK flag...])   declares a case
#   inquest_cases_done()                                                  makes the targets
#
# Programs are written to ${CMAKE_BINARY_DIR}/cases/<variant>/<name>. Targets: `cases`, and
# `cases-<variant>` for one row of the matrix; neither is part of `all`.
#
# These are custom commands and not add_executable, because one build needs two compilers and flags
# that owe nothing to the build type of the project around it.

find_program(INQUEST_CASES_GCC NAMES g++-12 g++ DOC "g++ that builds the patients")
find_program(INQUEST_CASES_CLANG NAMES clang++-19 DOC "clang++ 19 that builds the patients")
find_program(INQUEST_CASES_OBJCOPY NAMES objcopy REQUIRED
             DOC "objcopy that takes debug information away")

# The compiler launcher (ccache) of the project around us, or of the environment, serves here too.
set(_inquest_launcher ${CMAKE_CXX_COMPILER_LAUNCHER})
if(NOT _inquest_launcher AND DEFINED ENV{CMAKE_CXX_COMPILER_LAUNCHER})
  set(_inquest_launcher $ENV{CMAKE_CXX_COMPILER_LAUNCHER})
endif()

set(_inquest_compilers)
if(INQUEST_CASES_GCC)
  list(APPEND _inquest_compilers gcc)
  set(_inquest_cxx_gcc ${INQUEST_CASES_GCC})
else()
  message(STATUS "cases: no g++, the gcc variants are left out")
endif()
if(INQUEST_CASES_CLANG)
  list(APPEND _inquest_compilers clang)
  set(_inquest_cxx_clang ${INQUEST_CASES_CLANG})
else()
  message(STATUS "cases: no clang++-19, the clang variants are left out")
endif()

set(INQUEST_CASE_VARIANTS)
foreach(_compiler IN LISTS _inquest_compilers)
  foreach(_level IN ITEMS O0 O2)
    list(APPEND INQUEST_CASE_VARIANTS ${_compiler}-${_level}-g ${_compiler}-${_level})
  endforeach()
endforeach()

# The object of one source for one variant; its path is left in `out`.
#
# The variants without debug information are not compiled again: their objects are those with it,
# less the debug sections. Both compilers promise that -g does not change the code, and half of the
# build is saved. They are linked on their own, so that they have their own build id.
function(_inquest_case_object out variant name source)
  cmake_parse_arguments(PARSE_ARGV 4 arg "" "" "OPTIONS")
  cmake_path(ABSOLUTE_PATH source)
  cmake_path(GET source STEM stem)
  set(objects ${CMAKE_BINARY_DIR}/cases/.objects)
  set(object ${objects}/${variant}/${name}/${stem}.o)
  if(variant MATCHES "-g$")
    string(REPLACE "-" ";" parts ${variant})
    list(GET parts 0 compiler)
    list(GET parts 1 level)
    add_custom_command(
      OUTPUT ${object}
      COMMAND ${_inquest_launcher} ${_inquest_cxx_${compiler}} -std=c++20 -${level} -g -Wall -Wextra
              -pthread ${arg_OPTIONS} -MD -MF ${object}.d -MT ${object} -c ${source} -o ${object}
      DEPENDS ${source}
      DEPFILE ${object}.d
      COMMENT "case ${name} (${variant})"
      VERBATIM)
  else()
    set(with_debug ${objects}/${variant}-g/${name}/${stem}.o)
    add_custom_command(
      OUTPUT ${object}
      COMMAND ${INQUEST_CASES_OBJCOPY} --strip-debug ${with_debug} ${object}
      DEPENDS ${with_debug}
      COMMENT "case ${name} (${variant}), without debug information"
      VERBATIM)
  endif()
  set(${out} ${object} PARENT_SCOPE)
endfunction()

function(inquest_case name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;OPTIONS;LINK")
  foreach(variant IN LISTS INQUEST_CASE_VARIANTS)
    file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/cases/${variant}
                        ${CMAKE_BINARY_DIR}/cases/.objects/${variant}/${name})
    set(objects)
    foreach(source IN LISTS arg_SOURCES)
      _inquest_case_object(object ${variant} ${name} ${source} OPTIONS ${arg_OPTIONS})
      list(APPEND objects ${object})
    endforeach()
    string(REGEX REPLACE "-.*" "" compiler ${variant})
    set(program ${CMAKE_BINARY_DIR}/cases/${variant}/${name})
    add_custom_command(
      OUTPUT ${program}
      COMMAND ${_inquest_cxx_${compiler}} ${objects} -o ${program} -pthread -Wl,--build-id=sha1
              ${arg_LINK}
      DEPENDS ${objects}
      COMMENT "case ${name} (${variant}), linking"
      VERBATIM)
    set_property(GLOBAL APPEND PROPERTY INQUEST_CASE_PROGRAMS_${variant} ${program})
  endforeach()
endfunction()

function(inquest_cases_done)
  add_custom_target(cases)
  foreach(variant IN LISTS INQUEST_CASE_VARIANTS)
    get_property(programs GLOBAL PROPERTY INQUEST_CASE_PROGRAMS_${variant})
    add_custom_target(cases-${variant} DEPENDS ${programs})
    add_dependencies(cases cases-${variant})
  endforeach()
endfunction()
