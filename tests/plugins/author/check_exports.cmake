# Fails unless `library` exports bulkhead_query and nothing else.
execute_process(COMMAND ${nm} -D --defined-only --format=posix ${library}
  OUTPUT_VARIABLE symbols COMMAND_ERROR_IS_FATAL ANY)
string(REGEX MATCHALL "[^\n]+" lines "${symbols}")
set(names "")
foreach(line IN LISTS lines)
  string(REGEX REPLACE " .*" "" name "${line}")
  list(APPEND names ${name})
endforeach()
if(NOT names STREQUAL "bulkhead_query")
  message(FATAL_ERROR "${library} exports: ${names}")
endif()
