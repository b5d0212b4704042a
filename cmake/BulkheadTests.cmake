# bulkhead_add_test(NAME SOURCES file... [LIBS target...] [LABELS label...] [TIMEOUT seconds])
#
# A Catch2 program, and one ctest test that runs all of it. Catch2's main comes compiled from Debian;
# the listener that counts cases is compiled once. Labels: `long` is left out of tests/run.sh unless
# --long is given; `slow-sanitized` is left out of the sanitizer runs.
function(bulkhead_add_test name)
  cmake_parse_arguments(arg "" "TIMEOUT" "SOURCES;LIBS;LABELS" ${ARGN})
  if(NOT arg_SOURCES OR arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "bulkhead_add_test(${name}): SOURCES is missing, or these arguments are "
      "unknown: ${arg_UNPARSED_ARGUMENTS}")
  endif()
  add_executable(${name} ${arg_SOURCES} $<TARGET_OBJECTS:bulkhead_test_tally>)
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR})
  target_link_libraries(${name} PRIVATE ${arg_LIBS} Catch2::Catch2WithMain)
  add_test(NAME ${name} COMMAND ${name})
  bulkhead_test_properties(${name} LABELS ${arg_LABELS} TIMEOUT ${arg_TIMEOUT})
endfunction()

# The same limits for a test that is no Catch2 program, after its add_test().
# bulkhead_test_properties(NAME [LABELS label...] [TIMEOUT seconds]): 120 seconds where none is
# given, three times as long under a sanitizer. Exit code 77 means: skipped, the output says why.
function(bulkhead_test_properties name)
  cmake_parse_arguments(arg "" "TIMEOUT" "LABELS" ${ARGN})
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 120)
  endif()
  if(BULKHEAD_SANITIZE)
    math(EXPR arg_TIMEOUT "${arg_TIMEOUT} * 3")
  endif()
  set_tests_properties(${name} PROPERTIES
    TIMEOUT ${arg_TIMEOUT} LABELS "${arg_LABELS}" SKIP_RETURN_CODE 77)
endfunction()

# bulkhead_add_fuzz(NAME SOURCE LIBS target...): a libFuzzer target. Its seeds are in
# tests/fuzz/corpus/NAME.
function(bulkhead_add_fuzz name source)
  cmake_parse_arguments(arg "" "" "LIBS" ${ARGN})
  add_executable(${name} ${source})
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR})
  target_link_libraries(${name} PRIVATE ${arg_LIBS})
  target_link_options(${name} PRIVATE -fsanitize=fuzzer)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/fuzz)
endfunction()
