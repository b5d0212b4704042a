# Language level, warnings, optimisation and sanitizers, for every target.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_CXX_VISIBILITY_PRESET hidden)
set(CMAKE_C_VISIBILITY_PRESET hidden)
set(CMAKE_VISIBILITY_INLINES_HIDDEN ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release)
endif()

# Line tables in a release build: a crash report of a user names lines. Sanitize: fast enough to run
# every test, frames for the reports.
foreach(language C CXX)
  set(CMAKE_${language}_FLAGS_RELEASE "-O2 -g1 -DNDEBUG")
  set(CMAKE_${language}_FLAGS_DEBUG "-O0 -g")
  set(CMAKE_${language}_FLAGS_SANITIZE "-O1 -g1 -fno-omit-frame-pointer")
endforeach()

add_compile_options(-Wall -Wextra -Werror)

# BULKHEAD_SANITIZE: "", "address,undefined" or "thread"
set(BULKHEAD_SANITIZE "" CACHE STRING "Sanitizers to build with, as for -fsanitize=")
if(BULKHEAD_SANITIZE)
  add_compile_options(-fsanitize=${BULKHEAD_SANITIZE} -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${BULKHEAD_SANITIZE})
  # With instrumentation in its way g++ takes members of kj::Maybe for uninitialised. The release
  # build has the warning on.
  add_compile_options($<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
endif()

# BULKHEAD_FUZZ: instruments everything for libFuzzer, which clang has and g++ has not. The fuzz
# targets themselves are in tests/fuzz.
option(BULKHEAD_FUZZ "Build the fuzz targets; needs clang" OFF)
if(BULKHEAD_FUZZ)
  if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    message(FATAL_ERROR "BULKHEAD_FUZZ needs clang: configure with the preset `clang`")
  endif()
  add_compile_options(-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all)
  add_link_options(-fsanitize=address,undefined)
endif()

find_program(BULKHEAD_CCACHE ccache)
if(BULKHEAD_CCACHE)
  set(CMAKE_C_COMPILER_LAUNCHER ${BULKHEAD_CCACHE})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${BULKHEAD_CCACHE})
endif()

# One folder for what must find each other at run time, as in an installation: the library looks for
# the launcher beside itself. Plugins have their own folders below plugins/.
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
set(CMAKE_LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
set(CMAKE_BUILD_RPATH_USE_ORIGIN ON)
