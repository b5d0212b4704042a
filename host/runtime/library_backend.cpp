#include "host/runtime/library_backend.hpp"

#include <boost/dll/shared_library.hpp>

#include "host/runtime/config_entry.hpp"
#include "host/runtime/probe.hpp"
#include "host/services/lent.hpp"
#include "sdk/wire/descriptor.hpp"

namespace bulkhead::host {
namespace {

constexpr unsigned kMaxThreads = 64;

std::vector<bh_config_entry> config_entries(const ConfigValues& config) {
  std::vector<bh_config_entry> entries;
  for (const auto& [key, value] : config) entries.push_back(config_entry(key, value));
  return entries;
}

}  // namespace

// The loaded library. It stays loaded while anything of it is in use, a lost call included.
class Library {
 public:
  Library(const PluginState& plugin, const std::string& file) {
    boost::dll::fs::error_code error;
    library_.load(file, error, boost::dll::load_mode::rtld_now | boost::dll::load_mode::rtld_local);
    if (error) {
      throw Error(Status::data_invalid,
                  plugin.label + ": the library " + file + " can't be loaded: " + error.message());
    }
    if (!library_.has(BH_QUERY_SYMBOL)) {
      throw Error(Status::data_invalid,
                  plugin.label + ": " + file + " does not export " BH_QUERY_SYMBOL);
    }
    const bh_query query = wire::make_query(BH_ISOLATION_IN_PROCESS);
    descriptor_ = library_.get<bh_query_function>(BH_QUERY_SYMBOL)(&query);
    wire::DescriptorFacts facts;
    if (const auto why = wire::read_facts(descriptor_, facts)) {
      throw Error(Status::data_invalid, plugin.label + ": " + *why);
    }
    check_facts(plugin, facts);
  }
  const bh_descriptor* descriptor() const { return descriptor_; }

 private:
  boost::dll::shared_library library_;
  const bh_descriptor* descriptor_ = nullptr;
};

namespace {

class LibraryInstance final : public InstanceBackend, public wire::Channel {
 public:
  LibraryInstance(PluginState& plugin, std::shared_ptr<wire::PluginObject> object, Workers& workers,
                  std::shared_ptr<Attendance> attendance)
      : plugin_(plugin),
        object_(std::move(object)),
        workers_(workers),
        attendance_(std::move(attendance)) {}

  void connect(wire::Endpoint& endpoint) override {
    endpoint.channel = this;
    endpoint.instance = object_->instance();
    std::string ignored;  // a table that is missing or broken is reported by the call
    for (const wire::InterfaceInfo& interface : wire::interfaces()) {
      endpoint.tables[interface.index] = object_->table(interface, ignored);
    }
  }

  bh_status call(wire::CallContext& context, const char* interface, std::uint16_t method,
                 const wire::WriteParams& write, const wire::ReadResults& read) override {
    bh_status status = BH_OK;
    const auto call =
        AttendedCall::make(plugin_, context, object_, interface, method, write, status);
    return call == nullptr ? status : call->call(workers_, attendance_, read);
  }

  bh_status submit(wire::CallContext& context, const char* interface, std::uint16_t method,
                   const wire::WriteParams& write, wire::ReadResults read,
                   bh_completion done) override {
    bh_status status = BH_OK;
    const auto call =
        AttendedCall::make(plugin_, context, object_, interface, method, write, status);
    return call == nullptr ? status : call->submit(workers_, attendance_, std::move(read), done);
  }

 private:
  PluginState& plugin_;
  const std::shared_ptr<wire::PluginObject> object_;
  Workers& workers_;
  const std::shared_ptr<Attendance> attendance_;
};

}  // namespace

LibraryBackend::LibraryBackend(PluginState& plugin)
    : plugin_(plugin),
      workers_(kMaxThreads),
      attendance_(std::make_shared<Attendance>(plugin.core->loop)) {
  if (plugin.decision.minimum_level > 0) {
    throw Error(Status::permission_denied,
                plugin.label + ": it would run in process, which is level 0, but " +
                    plugin.decision.level_reason + " demands at least level " +
                    std::to_string(plugin.decision.minimum_level) + ". Run it in a cell");
  }
  probe(plugin);
  library_ = std::make_shared<Library>(plugin, plugin.folder + "/" + plugin.manifest.entry);
  try {
    data_ = std::make_shared<wire::PackageData>(plugin.folder + "/data");
  } catch (const std::exception& error) {
    throw Error(Status::io_error, plugin.label + ": it can't be loaded: " + error.what());
  }
}

LibraryBackend::~LibraryBackend() { close(); }

Level LibraryBackend::level() { return {0, {}, {"in process there is no isolation"}}; }

std::string LibraryBackend::state() { return closed_ ? "stopped" : "ready"; }

std::unique_ptr<InstanceBackend> LibraryBackend::open(const ConfigValues& config,
                                                      std::shared_ptr<const FileGrants> grants) {
  const std::vector<bh_config_entry> entries = config_entries(config);
  wire::CallContext context;
  context.begin_direct(plugin_.decision.limits.start_timeout, nullptr);
  bh_status status = BH_OK;
  auto services = std::make_unique<wire::Services>(
      data_,
      [log = plugin_.log](std::uint32_t level, std::string_view line) {
        log->write(0, level, line);
      },
      std::make_shared<GrantedFiles>(std::move(grants)), lend_services(plugin_));
  auto object = wire::PluginObject::open(library_->descriptor(), entries, std::move(services),
                                         context, status);
  if (object == nullptr) {
    throw Error(static_cast<Status>(status),
                plugin_.label + ": its instance can't be opened: " +
                    (context.error().empty() ? "the plugin gave no reason" : context.error()));
  }
  // Whoever holds the object holds the library.
  std::shared_ptr<wire::PluginObject> held(
      object.release(), [library = library_](wire::PluginObject* closing) { delete closing; });
  return std::make_unique<LibraryInstance>(plugin_, std::move(held), workers_, attendance_);
}

void LibraryBackend::close() {
  if (closed_.exchange(true)) return;
  attendance_->stop_all();
  if (workers_.stop(std::chrono::nanoseconds(plugin_.decision.limits.grace))) return;
  attendance_->give_up_all();
}

}  // namespace bulkhead::host
