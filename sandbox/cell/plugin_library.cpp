#include "sandbox/cell/plugin_library.hpp"

#include <dlfcn.h>

#include "sandbox/cell/elf_check.hpp"
#include "sdk/wire/version.hpp"

namespace bulkhead::cell {
namespace {

std::string last_dl_error() {
  const char* error = dlerror();
  return error == nullptr ? "no reason given" : error;
}

}  // namespace

PluginLibrary open_library(const std::string& path, std::uint32_t isolation) {
  PluginLibrary library;
  if (auto problem = check_library(path)) {
    library.status = problem->status;
    library.message = problem->sentence;
    return library;
  }
  void* handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) {
    library.status = BH_DATA_INVALID;
    library.message = "the library can't be loaded: " + last_dl_error();
    return library;
  }
  void* symbol = dlsym(handle, BH_QUERY_SYMBOL);
  if (symbol == nullptr) {
    library.status = BH_DATA_INVALID;
    library.message = std::string("the library is no Bulkhead plugin: it does not export ") +
                      BH_QUERY_SYMBOL + " (this host " + wire::kBuildVersion + " speaks ABI " +
                      std::to_string(BH_ABI_MAJOR) + "." + std::to_string(BH_ABI_MINOR) + ")";
    return library;
  }
  const bh_query query = wire::make_query(isolation);
  const bh_descriptor* descriptor = reinterpret_cast<bh_query_function*>(symbol)(&query);
  if (auto problem = wire::read_facts(descriptor, library.facts)) {
    library.status = BH_DATA_INVALID;
    library.message = *problem;
    return library;
  }
  library.descriptor = descriptor;
  return library;
}

}  // namespace bulkhead::cell
