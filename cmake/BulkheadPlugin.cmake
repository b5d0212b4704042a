# bulkhead_add_plugin(NAME target SOURCES file... MANIFEST plugin.toml
#                     [DATA file|folder...] [CHECK file|folder...] [LINK library...] [INSTALL])
#
# Builds a plugin and lays out its package, ready to be loaded or packed:
#   ${BULKHEAD_PLUGIN_OUTPUT}/<id>/<version>/   plugin.toml   lib/<id>.so   data/...
# (default of BULKHEAD_PLUGIN_OUTPUT: <build>/plugins). Id and version stand in the manifest alone:
# they are read from it, and the sources get them as BULKHEAD_PLUGIN_ID and BULKHEAD_PLUGIN_VERSION.
# A file in DATA goes to data/<its name>, what is in a folder to data/<path within the folder>; both
# may be made by the build. CHECK is the same for check/, the inputs of `bulkhead check`. INSTALL adds the package to `cmake --install`.
# The library exports `bulkhead_query` and nothing else, and has no undefined symbols.
#
# bulkhead_add_exec_plugin(NAME target PROGRAMS target|file... MANIFEST plugin.toml
#                          [DATA file|folder...] [CHECK file|folder...] [INSTALL])
#
# The same for a plugin that is an executable in any language: what is in PROGRAMS, executables of
# this build or scripts and what they import, goes to bin/. No compiler is needed for scripts.
# Works in Bulkhead's own build and after find_package(bulkhead); needs the target bulkhead::sdk.
include_guard(GLOBAL)
# A project of scripts has no language, and GNUInstallDirs then does not know the architecture.
if(NOT CMAKE_SIZEOF_VOID_P AND NOT DEFINED CMAKE_INSTALL_LIBDIR)
  set(CMAKE_INSTALL_LIBDIR lib)
endif()
include(GNUInstallDirs)

# Sets id_var and version_var from [plugin] in a manifest.
function(bulkhead_read_manifest manifest id_var version_var)
  if(NOT EXISTS ${manifest} OR IS_DIRECTORY ${manifest})
    message(FATAL_ERROR "bulkhead_add_plugin: there is no manifest ${manifest}. Every plugin has "
      "one; the shortest is\n"
      "  manifest = 1\n"
      "  [plugin]\n"
      "  id = \"my_plugin\"\n"
      "  version = \"1.0.0\"\n"
      "  kind = \"codec\"\n"
      "  [runtime]\n"
      "  type = \"library\"\n"
      "  entry = \"lib/my_plugin.so\"\n"
      "  [interfaces]\n"
      "  offers = [\"bulkhead.codec/1\"]\n"
      "docs/manifest.md has all keys.")
  endif()
  file(STRINGS ${manifest} lines ENCODING UTF-8)
  set(table "")
  set(id "")
  set(version "")
  foreach(line IN LISTS lines)
    if(line MATCHES "^[ \t]*\\[+[ \t]*([^] \t]+)")
      set(table ${CMAKE_MATCH_1})
    elseif(table STREQUAL "plugin" AND line MATCHES "^[ \t]*(id|version)[ \t]*=[ \t]*[\"']([^\"']+)[\"']")
      set(${CMAKE_MATCH_1} ${CMAKE_MATCH_2})
    endif()
  endforeach()
  if(NOT id MATCHES "^[a-z][a-z0-9_]*$" OR NOT version MATCHES "^[0-9]+\\.[0-9]+\\.[0-9]+")
    message(FATAL_ERROR "${manifest}: [plugin] must have an id of lower-case letters, digits and "
      "underscores, and a version such as \"1.0.0\"; found id \"${id}\", version \"${version}\".")
  endif()
  set(${id_var} ${id} PARENT_SCOPE)
  set(${version_var} ${version} PARENT_SCOPE)
endfunction()

# Adds one copy to the list `outputs` of the caller.
macro(_bulkhead_copy_data source to)
  add_custom_command(OUTPUT ${to}
    COMMAND ${CMAKE_COMMAND} -E copy ${source} ${to}
    DEPENDS ${source} VERBATIM)
  list(APPEND outputs ${to})
endmacro()

# Files and folders (`entries`: the name of a list) to a folder of `package`.
macro(_bulkhead_copy_all entries to)
  foreach(entry IN LISTS ${entries})
    get_filename_component(source ${entry} ABSOLUTE BASE_DIR ${CMAKE_CURRENT_SOURCE_DIR})
    if(IS_DIRECTORY ${source})
      file(GLOB_RECURSE files CONFIGURE_DEPENDS RELATIVE ${source} ${source}/*)
      foreach(file IN LISTS files)
        _bulkhead_copy_data(${source}/${file} ${package}/${to}/${file})
      endforeach()
    else()
      get_filename_component(name ${source} NAME)
      _bulkhead_copy_data(${source} ${package}/${to}/${name})
    endif()
  endforeach()
endmacro()

# What every package has, from the arguments of the calling function: sets `id`, `version`,
# `package`, `destination` and, with the copies of the manifest and of the files of `arg_DATA` and
# `arg_CHECK`, `outputs`.
macro(_bulkhead_begin_package)
  get_filename_component(manifest ${arg_MANIFEST} ABSOLUTE BASE_DIR ${CMAKE_CURRENT_SOURCE_DIR})
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${manifest})
  bulkhead_read_manifest(${manifest} id version)
  if(NOT BULKHEAD_PLUGIN_OUTPUT)
    set(BULKHEAD_PLUGIN_OUTPUT ${CMAKE_BINARY_DIR}/plugins)
  endif()
  set(package ${BULKHEAD_PLUGIN_OUTPUT}/${id}/${version})
  set(destination ${CMAKE_INSTALL_LIBDIR}/bulkhead/plugins/${id}/${version})
  set(outputs "")
  _bulkhead_copy_data(${manifest} ${package}/plugin.toml)
  _bulkhead_copy_all(arg_DATA data)
  _bulkhead_copy_all(arg_CHECK check)
endmacro()

macro(_bulkhead_end_package)
  set_target_properties(${arg_NAME} PROPERTIES
    BULKHEAD_PACKAGE ${package} BULKHEAD_ID ${id} BULKHEAD_VERSION ${version})
  if(arg_INSTALL)
    install(FILES ${package}/plugin.toml DESTINATION ${destination})
    foreach(folder data check)
      string(TOUPPER ${folder} files)
      if(arg_${files})
        install(DIRECTORY ${package}/${folder} DESTINATION ${destination})
      endif()
    endforeach()
  endif()
endmacro()

function(bulkhead_add_plugin)
  cmake_parse_arguments(PARSE_ARGV 0 arg "INSTALL" "NAME;MANIFEST" "SOURCES;DATA;CHECK;LINK")
  if(NOT arg_NAME OR NOT arg_MANIFEST OR NOT arg_SOURCES OR arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "bulkhead_add_plugin: NAME, MANIFEST and SOURCES are needed, and these "
      "arguments are unknown: \"${arg_UNPARSED_ARGUMENTS}\"")
  endif()
  _bulkhead_begin_package()

  # --- the library ---
  set(exports ${CMAKE_CURRENT_BINARY_DIR}/${arg_NAME}.exports)
  file(CONFIGURE OUTPUT ${exports} CONTENT "{ global: bulkhead_query; local: *; };\n")
  add_library(${arg_NAME} MODULE ${arg_SOURCES})
  target_link_libraries(${arg_NAME} PRIVATE bulkhead::sdk ${arg_LINK})
  target_compile_definitions(${arg_NAME} PRIVATE
    BULKHEAD_PLUGIN_ID="${id}" BULKHEAD_PLUGIN_VERSION="${version}")
  target_compile_features(${arg_NAME} PRIVATE cxx_std_20 c_std_11)
  set_target_properties(${arg_NAME} PROPERTIES
    PREFIX "" OUTPUT_NAME ${id} SUFFIX .so LIBRARY_OUTPUT_DIRECTORY $<1:${package}/lib>
    C_VISIBILITY_PRESET hidden CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON
    POSITION_INDEPENDENT_CODE ON LINK_DEPENDS ${exports})
  target_link_options(${arg_NAME} PRIVATE
    -Wl,--version-script=${exports} -Wl,--exclude-libs,ALL -Wl,-z,now -Wl,-z,relro
    -Wl,-z,noexecstack)
  # A library that the program resolves lazily fails in the middle of a call; this one fails to
  # link. Clang's sanitizers are the exception: their runtime is in the executable.
  string(TOUPPER "${CMAKE_BUILD_TYPE}" build_type)
  get_directory_property(directory_options LINK_OPTIONS)
  if(NOT CMAKE_CXX_COMPILER_ID MATCHES "Clang" OR NOT "${directory_options} ${CMAKE_CXX_FLAGS} \
${CMAKE_CXX_FLAGS_${build_type}} ${CMAKE_MODULE_LINKER_FLAGS}" MATCHES "-fsanitize=")
    target_link_options(${arg_NAME} PRIVATE -Wl,--no-undefined)
  endif()

  # --- the rest of the package ---
  add_custom_target(${arg_NAME}_package ALL DEPENDS ${outputs})
  add_dependencies(${arg_NAME} ${arg_NAME}_package)
  if(arg_INSTALL)
    install(TARGETS ${arg_NAME} LIBRARY DESTINATION ${destination}/lib)
  endif()
  _bulkhead_end_package()
endfunction()

function(bulkhead_add_exec_plugin)
  cmake_parse_arguments(PARSE_ARGV 0 arg "INSTALL" "NAME;MANIFEST" "PROGRAMS;DATA;CHECK")
  if(NOT arg_NAME OR NOT arg_MANIFEST OR NOT arg_PROGRAMS OR arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "bulkhead_add_exec_plugin: NAME, MANIFEST and PROGRAMS are needed, and "
      "these arguments are unknown: \"${arg_UNPARSED_ARGUMENTS}\"")
  endif()
  _bulkhead_begin_package()
  foreach(program IN LISTS arg_PROGRAMS)
    if(TARGET ${program})
      set(copy ${package}/bin/${program})
      add_custom_command(OUTPUT ${copy}
        COMMAND ${CMAKE_COMMAND} -E copy $<TARGET_FILE:${program}> ${copy}
        DEPENDS ${program} VERBATIM)
      list(APPEND outputs ${copy})
      if(arg_INSTALL)
        install(TARGETS ${program} RUNTIME DESTINATION ${destination}/bin)
      endif()
    else()
      get_filename_component(source ${program} ABSOLUTE BASE_DIR ${CMAKE_CURRENT_SOURCE_DIR})
      get_filename_component(name ${source} NAME)
      _bulkhead_copy_data(${source} ${package}/bin/${name})
      if(arg_INSTALL)
        install(PROGRAMS ${source} DESTINATION ${destination}/bin)
      endif()
    endif()
  endforeach()
  add_custom_target(${arg_NAME} ALL DEPENDS ${outputs})
  _bulkhead_end_package()
endfunction()
