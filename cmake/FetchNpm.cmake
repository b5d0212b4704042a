# bulkhead_fetch_npm(NAME package VERSION x.y.z INTEGRITY sha512-... OUTPUT folder
#                    FILES path[=sha256]...)
#
# At build time: fetches one published npm package by name, version and integrity, and puts the named
# files of it (paths within the package) below `folder`. The caller's directory then has rules for
# ${folder}/<path>. `npm pack` downloads, so npm's own settings (registry, proxy, cache) hold; no
# script of the package runs. Nothing unverified is ever extracted.
#
# BULKHEAD_DOWNLOADS (CMake or environment variable) names a folder that keeps the downloads, so that
# several build folders, or a machine without network, share them. Default: <build>/downloads.

if(NOT CMAKE_SCRIPT_MODE_FILE STREQUAL CMAKE_CURRENT_LIST_FILE)
  include_guard(GLOBAL)

  function(bulkhead_fetch_npm)
    cmake_parse_arguments(PARSE_ARGV 0 arg "" "NAME;VERSION;INTEGRITY;OUTPUT" "FILES")
    if(NOT arg_NAME OR NOT arg_VERSION OR NOT arg_INTEGRITY OR NOT arg_OUTPUT OR NOT arg_FILES)
      message(FATAL_ERROR "bulkhead_fetch_npm: NAME, VERSION, INTEGRITY, OUTPUT, FILES are needed.")
    endif()
    find_program(BULKHEAD_NPM npm)
    if(NOT BULKHEAD_NPM)
      message(FATAL_ERROR "npm is needed to fetch ${arg_NAME}; install the Debian package npm.")
    endif()
    if(DEFINED BULKHEAD_DOWNLOADS)
      set(downloads ${BULKHEAD_DOWNLOADS})
    elseif(DEFINED ENV{BULKHEAD_DOWNLOADS})
      set(downloads $ENV{BULKHEAD_DOWNLOADS})
    else()
      set(downloads ${CMAKE_BINARY_DIR}/downloads)
    endif()
    set(outputs "")
    foreach(file IN LISTS arg_FILES)
      string(REGEX REPLACE "=[0-9a-f]+$" "" path ${file})
      list(APPEND outputs ${arg_OUTPUT}/${path})
    endforeach()
    add_custom_command(OUTPUT ${outputs}
      COMMAND ${CMAKE_COMMAND} -D npm=${BULKHEAD_NPM} -D name=${arg_NAME} -D version=${arg_VERSION}
        -D integrity=${arg_INTEGRITY} -D downloads=${downloads} -D output=${arg_OUTPUT}
        "-Dfiles=${arg_FILES}" -P ${CMAKE_CURRENT_FUNCTION_LIST_FILE}
      COMMENT "Fetching ${arg_NAME} ${arg_VERSION}" VERBATIM)
  endfunction()
  return()
endif()

# --- from here on: the script that the build runs ---

function(base64_to_hex text result)
  set(alphabet "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
  set(digits "0123456789abcdef")
  string(REGEX REPLACE "=+$" "" text "${text}")
  string(LENGTH "${text}" length)
  set(hex "")
  set(bits 0)
  set(value 0)
  math(EXPR last "${length} - 1")
  foreach(i RANGE ${last})
    string(SUBSTRING "${text}" ${i} 1 letter)
    string(FIND "${alphabet}" "${letter}" six)
    math(EXPR value "(${value} << 6) | ${six}")
    math(EXPR bits "${bits} + 6")
    while(bits GREATER_EQUAL 4)
      math(EXPR bits "${bits} - 4")
      math(EXPR nibble "(${value} >> ${bits}) & 15")
      string(SUBSTRING ${digits} ${nibble} 1 digit)
      string(APPEND hex ${digit})
      math(EXPR value "${value} & ((1 << ${bits}) - 1)")
    endwhile()
  endforeach()
  # Whole bytes only: the bits that fill up the last letter say nothing.
  string(LENGTH ${hex} length)
  math(EXPR length "${length} / 2 * 2")
  string(SUBSTRING ${hex} 0 ${length} hex)
  set(${result} ${hex} PARENT_SCOPE)
endfunction()

if(NOT integrity MATCHES "^sha512-(.+)$")
  message(FATAL_ERROR "The integrity of ${name} must begin with sha512-.")
endif()
base64_to_hex("${CMAKE_MATCH_1}" expected)

string(REGEX REPLACE "^@" "" archive "${name}-${version}.tgz")
string(REPLACE "/" "-" archive ${archive})
set(archive ${downloads}/${archive})
file(MAKE_DIRECTORY ${downloads})
file(LOCK ${archive}.lock TIMEOUT 600)

set(actual "")
if(EXISTS ${archive})
  file(SHA512 ${archive} actual)
endif()
if(NOT actual STREQUAL expected)
  set(scratch ${archive}.part)
  foreach(attempt RANGE 1 4)
    file(REMOVE_RECURSE ${scratch})
    file(MAKE_DIRECTORY ${scratch})
    execute_process(COMMAND ${npm} pack --ignore-scripts --loglevel=error --pack-destination ${scratch}
        ${name}@${version}
      WORKING_DIRECTORY ${scratch} RESULT_VARIABLE failed OUTPUT_QUIET ERROR_VARIABLE words
      TIMEOUT 300)
    file(GLOB packed ${scratch}/*.tgz)
    if(NOT failed AND packed)
      break()
    endif()
    message(STATUS "${name} ${version}: attempt ${attempt} of 4 failed: ${words}")
    execute_process(COMMAND ${CMAKE_COMMAND} -E sleep ${attempt})
  endforeach()
  if(failed OR NOT packed)
    message(FATAL_ERROR "${name} ${version} could not be downloaded with `npm pack` (${failed}): "
      "${words}\nThe build needs it once. Check the network, or put the package at\n  ${archive}\n"
      "and build again; BULKHEAD_DOWNLOADS names another folder to keep downloads in.")
  endif()
  file(SHA512 ${packed} actual)
  if(NOT actual STREQUAL expected)
    file(REMOVE_RECURSE ${scratch})
    message(FATAL_ERROR "${name} ${version}: the download has sha512 ${actual}, expected ${expected}. "
      "It is not what this source was written for, and was thrown away.")
  endif()
  file(RENAME ${packed} ${archive})
  file(REMOVE_RECURSE ${scratch})
endif()

set(patterns "")
foreach(file IN LISTS files)
  string(REGEX REPLACE "=[0-9a-f]+$" "" path ${file})
  list(APPEND patterns package/${path})
endforeach()
file(REMOVE_RECURSE ${output}.part)
file(ARCHIVE_EXTRACT INPUT ${archive} DESTINATION ${output}.part PATTERNS ${patterns})
foreach(file IN LISTS files)
  string(REGEX REPLACE "=[0-9a-f]+$" "" path ${file})
  set(extracted ${output}.part/package/${path})
  if(NOT EXISTS ${extracted})
    message(FATAL_ERROR "${name} ${version} has no file ${path}.")
  endif()
  if(file MATCHES "=([0-9a-f]+)$")
    set(wanted ${CMAKE_MATCH_1})
    file(SHA256 ${extracted} actual)
    if(NOT actual STREQUAL wanted)
      message(FATAL_ERROR "${path} of ${name} ${version} has sha256 ${actual}, expected ${wanted}.")
    endif()
  endif()
  get_filename_component(folder ${output}/${path} DIRECTORY)
  file(MAKE_DIRECTORY ${folder})
  file(RENAME ${extracted} ${output}/${path})
  file(TOUCH_NOCREATE ${output}/${path})
endforeach()
file(REMOVE_RECURSE ${output}.part)
