#include "host/runtime/start_cell.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "host/runtime/development.hpp"
#include "host/runtime/probe.hpp"
#include "sdk/wire/code_point.hpp"
#include "sdk/wire/plugin_object.hpp"
#include "sdk/wire/version.hpp"

namespace bulkhead::host {
namespace {

// Of the whole start: how long it may take, and when it began.
struct Time {
  std::int64_t limit;
  std::int64_t begun = wire::monotonic_now();
};

[[noreturn]] void refuse(const PluginState& plugin, bh_status status, const std::string& why) {
  // Some of the words are the library's own: its id, say.
  throw Error(static_cast<Status>(status), plugin.label + ": " + wire::one_line(why));
}

void check_status(const PluginState& plugin, bh_status status, const wire::CallContext& context,
                  const char* step) {
  if (status == BH_OK) return;
  const std::string why = context.error().empty() ? "no reason given" : context.error();
  refuse(plugin, status, std::string(step) + ": " + why);
}

bh_status say_hello(PluginState& plugin, Connection& connection, wire::CallContext& context,
                    const Time& time) {
  return connection.ask(
      context, time.limit,
      [&](core::Cell::Client& cell, Connection::Question& question) {
        auto request = cell.helloRequest();
        request.setWireMin(wire::kWireMin);
        request.setWireMax(wire::kWireMax);
        request.setAbiMin(BH_ABI_VERSION(BH_ABI_MAJOR, 0));
        request.setAbiMax(BH_ABI_VERSION(BH_ABI_MAJOR, BH_ABI_MINOR));
        request.setHostVersion(wire::kBuildVersion);
        request.setSanitizers(BH_BUILT_SANITIZERS);
        request.setPackageHash(
            {reinterpret_cast<const kj::byte*>(plugin.hash.data()), plugin.hash.size()});
        auto limits = request.initLimits();
        limits.setFrameBytes(plugin.decision.limits.frame);
        limits.setOutputBytes(plugin.decision.limits.output);
        limits.setCallsInFlight(plugin.decision.limits.in_flight);
        request.setEvents(connection.make_events());
        return request.send().then([&plugin,
                                    &question](capnp::Response<core::HelloResults>&& results) {
          const auto hash = results.getPackageHash();
          if (results.getWireVersion() == 0) {
            question.answer(BH_VERSION_MISMATCH,
                            "the cell's program speaks wire versions " +
                                std::to_string(results.getWireMin()) + " to " +
                                std::to_string(results.getWireMax()) + ", this host " +
                                wire::kBuildVersion + " speaks " + std::to_string(wire::kWireMin) +
                                " to " + std::to_string(wire::kWireMax) +
                                (plugin.manifest.runtime == "exec"
                                     ? ": use a build of the plugin for this version of Bulkhead"
                                     : ": bulkhead-launcher and libbulkhead are of different "
                                       "versions"));
          } else if (std::string_view(reinterpret_cast<const char*>(hash.begin()), hash.size()) !=
                     plugin.hash) {
            question.answer(BH_PROTOCOL_ERROR, "the cell answered for another package");
          } else {
            question.answer(BH_OK, {});
          }
        });
      },
      time.begun);
}

// A text of the cell with the user's own paths: inside, the package lies at `root`.
std::string outside(std::string text, const std::string& root, const std::string& folder) {
  if (root == folder) return text;
  const std::string inner = root + "/";
  for (std::size_t at = 0; (at = text.find(inner, at)) != std::string::npos;) {
    text.replace(at, inner.size(), folder + "/");
    at += folder.size() + 1;
  }
  return text;
}

bh_status load(PluginState& plugin, Connection& connection, wire::CallContext& context,
               wire::DescriptorFacts& facts, const Time& time) {
  return connection.ask(
      context, time.limit,
      [&](core::Cell::Client& cell, Connection::Question& question) {
        auto request = cell.loadRequest();
        request.setLibrary((connection.root() + "/" + plugin.manifest.entry).c_str());
        request.setDataFolder((connection.root() + "/data").c_str());
        request.setIsolation(BH_ISOLATION_CELL);
        return request.send().then([&plugin, &connection, &facts,
                                    &question](capnp::Response<core::LoadResults>&& results) {
          if (question.done) return;
          const auto status = results.getStatus();
          if (status.getCode() == BH_OK) facts = wire::read(results.getDescriptor());
          question.answer(status.getCode(),
                          outside(status.getMessage().cStr(), connection.root(), plugin.folder));
        });
      },
      time.begun);
}

// Of an executable: looked at before a cell is made for it, for an error that is easier to read.
void check_entry(const PluginState& plugin) {
  const manifest::Manifest& manifest = plugin.manifest;
  const std::string path = plugin.folder + "/" + manifest.entry;
  struct stat status {};
  if (lstat(path.c_str(), &status) != 0) {
    refuse(plugin, errno == ENOENT || errno == ENOTDIR ? BH_NOT_FOUND : BH_IO_ERROR,
           "its executable " + path + " can't be found (" + strerror(errno) + "), but " +
               manifest.file + " names it");
  }
  if (!S_ISREG(status.st_mode)) {
    refuse(plugin, BH_DATA_INVALID, "its entry " + path + " is no regular file");
  }
  if (manifest.interpreter.empty() && (status.st_mode & 0111) == 0) {
    refuse(plugin, BH_DATA_INVALID,
           "its entry " + path +
               " is not executable: chmod a+rx, or name the interpreter of a script "
               "(runtime.interpreter)");
  }
}

}  // namespace

void check_facts(const PluginState& plugin, const wire::DescriptorFacts& facts,
                 std::uint32_t sanitizers) {
  const manifest::Manifest& manifest = plugin.manifest;
  // An executable has no C ABI, and is not built for this host: the handshake compared the wire.
  const bool exec = manifest.runtime == "exec";
  const std::string what = exec ? "the executable" : "the library";
  if (!exec) {
    if (const auto why = wire::mismatch(facts, sanitizers))
      refuse(plugin, BH_VERSION_MISMATCH, *why);
  }
  const std::string version = manifest.version.text();
  if (facts.id != manifest.id || facts.version != version) {
    refuse(plugin, BH_DATA_INVALID,
           what + " says that it is '" + facts.id + " " + facts.version + "', " + manifest.file +
               " says '" + manifest.id + " " + version + "': they do not belong together");
  }
  for (const std::string& interface : manifest.interfaces) {
    if (std::find(facts.interfaces.begin(), facts.interfaces.end(), interface) ==
        facts.interfaces.end()) {
      refuse(plugin, BH_DATA_INVALID,
             manifest.file + " offers the interface " + interface + ", " + what + " does not");
    }
  }
  for (const std::string& service : facts.services_required) {
    if (!wire::Services::has(service)) {
      refuse(plugin, BH_UNSUPPORTED,
             "it requires the host service " + service + ", which this host " +
                 wire::kBuildVersion + " does not have");
    }
  }
}

std::shared_ptr<Connection> start_cell(PluginState& plugin, wire::DescriptorFacts& facts,
                                       std::int64_t timeout) {
  const Time time = {timeout};
  const policy::Limits& limits = plugin.decision.limits;
  sandbox::CellRequest request;
  request.package_folder = plugin.folder;
  request.limits = {limits.memory, limits.threads, limits.descriptors};
  request.profile = sandbox::default_profile();
  if (plugin.manifest.runtime == "exec") {
    check_entry(plugin);
    request.program = {plugin.manifest.entry, plugin.manifest.interpreter};
  }
  std::string sanitizer;
  // A build with sanitizers has no stricter cells than that.
  const bool development = plugin.decision.development && BH_BUILT_SANITIZERS == 0;
  if (development) {
    request.profile = sandbox::Profile::development;
    request.core_folder = core_folder(plugin.core->environment);
    sanitizer = sanitizer_runtime(plugin.folder + "/" + plugin.manifest.entry);
  }
  const auto launcher = plugin.core->launcher(sanitizer);
  sandbox::CellProcess process;
  try {
    process = launcher->spawn(request);
  } catch (const sandbox::LaunchError& error) {
    refuse(plugin, BH_UNAVAILABLE, std::string("its cell can't be started: ") + error.what());
  }
  auto connection = Connection::start(
      std::move(process), launcher, plugin.core->loop, limits,
      [log = plugin.log](std::uint64_t call, std::uint32_t level, const std::string& line) {
        log->write(call, level, line);
      });
  try {
    if (connection->level().number < plugin.decision.minimum_level) {
      std::string why = "its cell would run at level " +
                        std::to_string(connection->level().number) + ", but " +
                        plugin.decision.level_reason + " demands at least level " +
                        std::to_string(plugin.decision.minimum_level);
      const char* before = "; missing: ";
      for (const std::string& missing : connection->level().missing) {
        why += std::exchange(before, ", ") + missing;
      }
      refuse(plugin, BH_PERMISSION_DENIED, why + ". `bulkhead doctor` says more");
    }
    if (plugin.decision.development) {
      announce_development(plugin, connection->pid(), request.core_folder);
    }
    if (plugin.decision.wait_for_debugger) {
      wait_for_debugger(plugin, connection->pid(), time.limit, time.begun);
    }
    wire::CallContext context;
    check_status(plugin, say_hello(plugin, *connection, context, time), context,
                 "the handshake with its cell failed");
    check_status(plugin, load(plugin, *connection, context, facts, time), context,
                 "it can't be loaded");
    check_facts(plugin, facts,
                BH_BUILT_SANITIZERS | (sanitizer.empty() ? 0u : unsigned{BH_SANITIZER_ADDRESS}));
  } catch (...) {
    connection->end(BH_UNAVAILABLE, "it was not needed");
    throw;
  }
  return connection;
}

}  // namespace bulkhead::host
