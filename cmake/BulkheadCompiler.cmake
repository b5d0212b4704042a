# Language level, warnings and sanitizers, for every target.
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

add_compile_options(-Wall -Wextra -Werror)

# BULKHEAD_SANITIZE: "", "address,undefined" or "thread"
set(BULKHEAD_SANITIZE "" CACHE STRING "Sanitizers to build with, as for -fsanitize=")
if(BULKHEAD_SANITIZE)
  add_compile_options(-fsanitize=${BULKHEAD_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer -g1)
  add_link_options(-fsanitize=${BULKHEAD_SANITIZE})
endif()

find_program(BULKHEAD_CCACHE ccache)
if(BULKHEAD_CCACHE)
  set(CMAKE_C_COMPILER_LAUNCHER ${BULKHEAD_CCACHE})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${BULKHEAD_CCACHE})
endif()
