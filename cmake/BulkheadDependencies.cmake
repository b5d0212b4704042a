# What Bulkhead uses from elsewhere. Names of the Debian 12 packages, versions and reasons are in
# packages.txt beside the top CMakeLists.txt: a new dependency gets a line there and one here.
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)

find_package(Boost 1.81 REQUIRED)                                # libboost1.81-dev
find_package(CapnProto 0.9 REQUIRED)                             # capnproto, libcapnp-dev
find_package(nlohmann_json 3.11 REQUIRED)                        # nlohmann-json3-dev
find_package(spdlog 1.10 REQUIRED)                               # libspdlog-dev, libfmt-dev
find_package(OpenSSL 3 REQUIRED COMPONENTS Crypto)               # libssl-dev
find_package(CLI11 REQUIRED)                                     # libcli11-dev
find_package(PNG 1.6 REQUIRED)                                   # libpng-dev
find_path(BULKHEAD_DLPACK_INCLUDE dlpack/dlpack.h REQUIRED)      # libdlpack-dev
pkg_check_modules(TOMLPP REQUIRED IMPORTED_TARGET tomlplusplus)  # libtomlplusplus-dev
pkg_check_modules(SODIUM REQUIRED IMPORTED_TARGET libsodium)     # libsodium-dev
pkg_check_modules(SECCOMP REQUIRED IMPORTED_TARGET libseccomp)   # libseccomp-dev
if(BULKHEAD_TESTS)
  find_package(Catch2 2.13 REQUIRED)  # catch2
  find_package(benchmark REQUIRED)    # libbenchmark-dev
  find_program(BULKHEAD_ABIDIFF abidiff)  # abigail-tools; without it its test is skipped
endif()

# Boost.DLL and Boost.Process are header-only with the standard file system.
add_compile_definitions(BOOST_DLL_USE_STD_FS BOOST_PROCESS_USE_STD_FS)
