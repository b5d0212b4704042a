# What Bulkhead uses from elsewhere, and why: every entry is a Debian 12 package. The install list
# with the package names is packages.txt beside the top CMakeLists.txt.
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)

find_package(Boost 1.81 REQUIRED)             # DLL (open a library), Process (start the launcher)
find_package(CapnProto 0.9 REQUIRED)          # schemas and RPC between host and cell
find_package(nlohmann_json 3.11 REQUIRED)     # --json output, run records
find_package(spdlog 1.10 REQUIRED)            # the host's log
find_package(OpenSSL 3 REQUIRED COMPONENTS Crypto)  # sha256
pkg_check_modules(TOMLPP REQUIRED IMPORTED_TARGET tomlplusplus)  # plugin.toml, bulkhead.toml
pkg_check_modules(SECCOMP REQUIRED IMPORTED_TARGET libseccomp)   # system call filters of a cell
find_package(CLI11 REQUIRED)                  # the command line
if(BULKHEAD_TESTS)
  find_package(Catch2 2.13 REQUIRED)          # tests
  find_package(benchmark REQUIRED)            # tests/bench
endif()

# Boost.DLL and Boost.Process are header-only with the standard file system.
add_compile_definitions(BOOST_DLL_USE_STD_FS BOOST_PROCESS_USE_STD_FS)
