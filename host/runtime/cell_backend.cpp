#include "host/runtime/cell_backend.hpp"

#include <algorithm>

#include "host/runtime/start_cell.hpp"
#include "host/runtime/stop_text.hpp"
#include "host/runtime/ticket.hpp"
#include "host/services/lent.hpp"
#include "host/services/service_server.hpp"

namespace bulkhead::host {
namespace {

void write_config(const ConfigValues& config, capnp::List<core::ConfigEntry>::Builder list) {
  capnp::uint i = 0;
  for (const auto& [key, value] : config) {
    auto entry = list[i++];
    entry.setKey(key.c_str());
    auto to = entry.getValue();
    if (const auto* boolean = std::get_if<bool>(&value)) to.setBoolean(*boolean);
    if (const auto* integer = std::get_if<std::int64_t>(&value)) to.setInteger(*integer);
    if (const auto* number = std::get_if<double>(&value)) to.setNumber(*number);
    if (const auto* text = std::get_if<std::string>(&value)) to.setText(text->c_str());
  }
}

// How long a start may take that a call causes.
std::int64_t start_time(const PluginState& plugin, const wire::CallContext& context) {
  const std::int64_t most = plugin.decision.limits.start_timeout;
  return context.timeout() != 0 ? std::min(most, context.timeout()) : most;
}

// An instance that lives in whatever cell is the present one: opened there at its first call.
class CellInstance final : public InstanceBackend, public wire::Channel {
 public:
  CellInstance(CellBackend& backend, ConfigValues config, std::shared_ptr<const FileGrants> grants)
      : backend_(backend), config_(std::move(config)), grants_(std::move(grants)) {}
  ~CellInstance() override;

  void connect(wire::Endpoint& endpoint) override { endpoint.channel = this; }
  bh_status call(wire::CallContext& context, const char* interface, std::uint16_t method,
                 const wire::WriteParams& write, const wire::ReadResults& read) override;
  bh_status submit(wire::CallContext& context, const char* interface, std::uint16_t method,
                   const wire::WriteParams& write, wire::ReadResults read,
                   bh_completion done) override;
  // The connection in which the instance is open, and its number there. Where the cell or the
  // instance had to be made for a call with a time of its own, `begun` says since when that runs.
  std::shared_ptr<Connection> ready(wire::CallContext& context, std::uint32_t& id,
                                    bh_status& status, std::int64_t& begun);

 private:
  void lend(Connection& connection, capnp::Request<core::OpenParams, core::OpenResults>& request);
  Connection::Send sender(std::uint32_t id, const char* interface, std::uint16_t method,
                          const wire::WriteParams& write, wire::ReadResults read) const;

  CellBackend& backend_;
  const ConfigValues config_;
  const std::shared_ptr<const FileGrants> grants_;
  std::mutex mutex_;
  std::weak_ptr<Connection> open_in_;
  std::uint32_t id_ = 0;
  std::uint16_t run_ = 0;
};

CellInstance::~CellInstance() {
  const auto connection = open_in_.lock();
  if (connection == nullptr) return;
  connection->tell([id = id_](core::Cell::Client& cell) {
    auto request = cell.closeRequest();
    request.setInstance(id);
    return request.send().ignoreResult();
  });
}

std::shared_ptr<Connection> CellInstance::ready(wire::CallContext& context, std::uint32_t& id,
                                                bh_status& status, std::int64_t& begun) {
  const std::lock_guard lock(mutex_);
  auto connection = open_in_.lock();
  const bool open = connection != nullptr && connection->alive();
  if (context.run() != 0 && (context.run() != run_ || !open)) {
    context.fail("there is no such stream: it went with its cell");
    status = BH_NOT_FOUND;
    return nullptr;
  }
  if (open) {
    context.set_run(run_);
    id = id_;
    return connection;
  }
  if (context.timeout() != 0) begun = wire::monotonic_now();
  connection = backend_.connection(context, status);
  if (connection == nullptr) return nullptr;
  wire::CallContext opening;
  opening.id = context.id;
  std::uint32_t opened = 0;
  status = connection->ask(
      opening, start_time(backend_.plugin(), context),
      [&](core::Cell::Client& cell, Connection::Question& question) {
        auto request = cell.openRequest();
        auto message = request.initContext();
        message.setId(question.id);
        message.setDeadline(question.deadline);
        write_config(config_, request.initConfig(static_cast<capnp::uint>(config_.size())));
        request.setFiles(make_files_server(std::make_shared<GrantedFiles>(grants_),
                                           backend_.plugin().core->service_workers,
                                           connection->turns()));
        lend(*connection, request);
        return request.send().then([&](capnp::Response<core::OpenResults>&& results) {
          if (question.done) return;
          opened = results.getInstance();
          question.answer(results.getStatus().getCode(), results.getStatus().getMessage().cStr());
        });
      },
      begun);
  if (status != BH_OK) {
    context.fail("its instance can't be opened: " +
                 (opening.error().empty() ? "the plugin gave no reason" : opening.error()));
    return nullptr;
  }
  open_in_ = connection;
  id = id_ = opened;
  if (++run_ == 0) ++run_;
  context.set_run(run_);
  return connection;
}

// Inside a turn.
void CellInstance::lend(Connection& connection,
                        capnp::Request<core::OpenParams, core::OpenResults>& request) {
  PluginState& plugin = backend_.plugin();
  const auto services = lend_services(plugin);
  auto list = request.initServices(static_cast<capnp::uint>(services.size()));
  const ServiceHome home = {
      plugin.core->service_callers,
      connection.turns(),
      [&connection](std::weak_ptr<wire::CallContext> call) {
        connection.stop_at_end(std::move(call));
      },
      [&loop = connection.loop()](std::function<void()> work) { loop.post(std::move(work)); },
      plugin.decision.limits.call_timeout,
      plugin.decision.limits.output};
  capnp::uint i = 0;
  for (const wire::LentService& service : services) {
    list[i].setName(service.binding->interface.name);
    list[i++].setService(make_service_server(service, home));
  }
}

Connection::Send CellInstance::sender(std::uint32_t id, const char* interface, std::uint16_t method,
                                      const wire::WriteParams& write,
                                      wire::ReadResults read) const {
  const std::uint64_t frame = backend_.plugin().decision.limits.frame;
  return
      [=, &write](core::Cell::Client& cell, Connection::Question& question) -> kj::Promise<void> {
        auto request = cell.callRequest();
        auto context = request.initContext();
        context.setId(question.id);
        context.setDeadline(question.deadline);
        request.setInstance(id);
        request.setInterface(interface);
        request.setMethod(method);
        write(request.getParams());
        const std::uint64_t bytes =
            request.getParams().asReader().targetSize().wordCount * sizeof(capnp::word);
        if (bytes > frame) {
          question.answer(BH_RESOURCE_EXHAUSTED, "the call's message has " + std::to_string(bytes) +
                                                     " bytes, limits.frame of the policy allows " +
                                                     std::to_string(frame));
          return kj::READY_NOW;
        }
        return request.send().then([&question, read](capnp::Response<core::CallResults>&& results) {
          if (question.done) return;
          bh_status status = results.getStatus().getCode();
          if (status == BH_OK) {
            status = read(*question.context, results.getResults());
            question.answer(status, {});
          } else {
            question.answer(status, results.getStatus().getMessage().cStr());
          }
          question.linger(kj::mv(results));
        });
      };
}

bh_status CellInstance::call(wire::CallContext& context, const char* interface,
                             std::uint16_t method, const wire::WriteParams& write,
                             const wire::ReadResults& read) {
  const Ticket ticket(backend_.plugin(), context);
  if (!ticket.admitted()) return BH_OVERLOADED;
  std::uint32_t id = 0;
  bh_status status = BH_OK;
  std::int64_t begun = 0;
  const auto connection = ready(context, id, status, begun);
  if (connection == nullptr) return status;
  return connection->ask(context, backend_.plugin().decision.limits.call_timeout,
                         sender(id, interface, method, write, read), begun);
}

bh_status CellInstance::submit(wire::CallContext& context, const char* interface,
                               std::uint16_t method, const wire::WriteParams& write,
                               wire::ReadResults read, bh_completion done) {
  auto ticket = std::make_shared<Ticket>(backend_.plugin(), context);
  if (!ticket->admitted()) return BH_OVERLOADED;
  std::uint32_t id = 0;
  bh_status status = BH_OK;
  std::int64_t begun = 0;
  const auto connection = ready(context, id, status, begun);
  if (connection == nullptr) return status;
  return connection->ask_async(
      context, backend_.plugin().decision.limits.call_timeout,
      sender(id, interface, method, write, std::move(read)),
      [ticket = std::move(ticket), done](bh_status result) mutable {
        ticket.reset();  // before the completion: it may call again
        done.fn(done.user, result);
      },
      begun);
}

}  // namespace

CellBackend::CellBackend(PluginState& plugin) : plugin_(plugin) {
  connection_ = start(plugin.decision.limits.start_timeout);
}

CellBackend::~CellBackend() { close(); }

std::shared_ptr<Connection> CellBackend::start(std::int64_t timeout) {
  wire::DescriptorFacts facts;
  return start_cell(plugin_, facts, timeout);
}

std::string CellBackend::budget_spent(std::int64_t now) {
  const policy::Limits& limits = plugin_.decision.limits;
  while (!crashes_.empty() && crashes_.front() < now - limits.crash_window) crashes_.pop_front();
  if (crashes_.size() <= limits.crashes) return {};
  return "it crashed " + std::to_string(crashes_.size()) + " times within " +
         duration_text(limits.crash_window) + ", more than limits.crashes allows (" +
         std::to_string(limits.crashes) + "); the last time, " + last_crash_ +
         ". Calls fail at once until " +
         duration_text(crashes_.front() + limits.crash_window - now) + " from now";
}

std::shared_ptr<Connection> CellBackend::connection(wire::CallContext& context, bh_status& status) {
  const std::lock_guard lock(mutex_);
  if (closed_) {
    context.fail("the host is closed");
    status = BH_UNAVAILABLE;
    return nullptr;
  }
  if (connection_ != nullptr && connection_->alive()) return connection_;
  const std::int64_t now = wire::monotonic_now();
  if (connection_ != nullptr) {
    last_crash_ = connection_->end_reason();
    crashes_.push_back(now);
    connection_ = nullptr;
  }
  if (const std::string why = budget_spent(now); !why.empty()) {
    context.fail(why);
    status = BH_UNAVAILABLE;
    return nullptr;
  }
  try {
    connection_ = start(start_time(plugin_, context));
    ++restarts_;
  } catch (const Error& error) {
    context.fail(std::string("a new cell could not be started: ") + error.what());
    status = static_cast<bh_status>(error.status());
    return nullptr;
  }
  return connection_;
}

std::unique_ptr<InstanceBackend> CellBackend::open(const ConfigValues& config,
                                                   std::shared_ptr<const FileGrants> grants) {
  auto instance = std::make_unique<CellInstance>(*this, config, std::move(grants));
  wire::CallContext context;
  std::uint32_t id = 0;
  bh_status status = BH_OK;
  std::int64_t begun = 0;
  if (instance->ready(context, id, status, begun) == nullptr) {
    throw Error(static_cast<Status>(status), plugin_.label + ": " + context.error());
  }
  return instance;
}

Level CellBackend::level() {
  const std::lock_guard lock(mutex_);
  if (connection_ == nullptr) return {};
  const sandbox::Level& level = connection_->level();
  return {level.number, level.enforced, level.missing};
}

int CellBackend::process() {
  const std::lock_guard lock(mutex_);
  return connection_ != nullptr && connection_->alive() ? connection_->pid() : 0;
}

std::uint64_t CellBackend::restarts() {
  const std::lock_guard lock(mutex_);
  return restarts_;
}

std::string CellBackend::state() {
  const std::lock_guard lock(mutex_);
  if (closed_) return "stopped";
  if (connection_ != nullptr && connection_->alive()) return "ready";
  return budget_spent(wire::monotonic_now()).empty() ? "starting" : "quarantined";
}

void CellBackend::close() {
  std::shared_ptr<Connection> connection;
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    connection = std::move(connection_);
    connection_ = nullptr;
  }
  if (connection != nullptr) connection->end(BH_UNAVAILABLE, "the host was closed");
}

}  // namespace bulkhead::host
