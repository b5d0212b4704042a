// The methods of sdk/schema/core.capnp's Cell. Each runs inside a turn of the reactor: it reads,
// queues, and answers later; the plugin's code runs outside.
#include <algorithm>
#include <vector>

#include "sandbox/cell/remote_files.hpp"
#include "sandbox/cell/remote_service.hpp"
#include "sandbox/cell/server.hpp"
#include "sdk/wire/version.hpp"

namespace bulkhead::cell {
namespace {

void set_status(core::Status::Builder message, bh_status status, const std::string& text) {
  message.setCode(status);
  if (status != BH_OK) message.setMessage(text.c_str());
}

bh_text borrow(capnp::Text::Reader text) { return {text.cStr(), text.size()}; }

bh_config_entry config_entry(core::ConfigEntry::Reader entry) {
  bh_config_entry config{};
  config.key = borrow(entry.getKey());
  const auto value = entry.getValue();
  switch (value.which()) {
    case core::ConfigEntry::Value::BOOLEAN:
      config.type = BH_VALUE_BOOLEAN;
      config.integer = value.getBoolean() ? 1 : 0;
      break;
    case core::ConfigEntry::Value::INTEGER:
      config.type = BH_VALUE_INTEGER;
      config.integer = value.getInteger();
      break;
    case core::ConfigEntry::Value::NUMBER:
      config.type = BH_VALUE_NUMBER;
      config.number = value.getNumber();
      break;
    case core::ConfigEntry::Value::TEXT:
      config.type = BH_VALUE_TEXT;
      config.text = borrow(value.getText());
      break;
  }
  return config;
}

class Methods final : public core::Cell::Server {
 public:
  explicit Methods(cell::Server& server) : server_(server) {}

 protected:
  kj::Promise<void> hello(HelloContext context) override {
    const auto params = context.getParams();
    auto results = context.getResults();
    const bool fits =
        params.getWireMin() <= wire::kWireMax && params.getWireMax() >= wire::kWireMin;
    results.setWireVersion(fits ? std::min<std::uint32_t>(params.getWireMax(), wire::kWireMax) : 0);
    results.setWireMin(wire::kWireMin);
    results.setWireMax(wire::kWireMax);
    results.setPackageHash(params.getPackageHash());
    results.setSanitizers(BH_BUILT_SANITIZERS);
    results.initFeatures(0);
    server_.set_host(params.getEvents(), params.getLimits().getOutputBytes());
    return kj::READY_NOW;
  }

  kj::Promise<void> load(LoadContext context) override {
    auto results = context.getResults();
    if (loaded_) {
      set_status(results.initStatus(), BH_INVALID_ARGUMENT, "the cell has loaded already");
      return kj::READY_NOW;
    }
    loaded_ = true;
    const auto params = context.getParams();
    return queue(
        [&server = server_, params] {
          server.load(params.getLibrary().cStr(), params.getDataFolder().cStr(),
                      params.getIsolation());
        },
        [&server = server_, results]() mutable {
          const PluginLibrary& library = server.library();
          set_status(results.initStatus(), library.status, library.message);
          if (library.status == BH_OK) wire::write(library.facts, results.initDescriptor());
        });
  }

  kj::Promise<void> open(OpenContext context) override {
    auto results = context.getResults();
    if (server_.library().descriptor == nullptr) {
      set_status(results.initStatus(), BH_UNAVAILABLE, "no library is loaded");
      return kj::READY_NOW;
    }
    const auto params = context.getParams();
    auto call = server_.start_call(params.getContext());
    auto opened = std::make_shared<std::unique_ptr<wire::PluginObject>>();
    auto files = remote_files(server_, params.getFiles());
    std::vector<wire::LentService> lent;
    for (const auto service : params.getServices()) {
      const auto* known = wire::find_service({service.getName().cStr(), service.getName().size()});
      if (known != nullptr) {
        lent.push_back({known, remote_service(server_, service.getService())});
      }
    }
    return queue(
        [&server = server_, call, opened, params, files = std::move(files),
         lent = std::move(lent)]() mutable {
          std::vector<bh_config_entry> config;
          for (const auto entry : params.getConfig()) config.push_back(config_entry(entry));
          *opened = wire::PluginObject::open(server.library().descriptor, config,
                                             server.make_services(std::move(files), lent),
                                             call->context, call->status);
        },
        [&server = server_, call, opened, results]() mutable {
          server.end_call(*call);
          set_status(results.initStatus(), call->status, call->context.error());
          if (*opened != nullptr) results.setInstance(server.add_instance(std::move(*opened)));
        });
  }

  kj::Promise<void> close(CloseContext context) override {
    auto results = context.getResults();
    auto instance = server_.remove_instance(context.getParams().getInstance());
    if (instance == nullptr) {
      set_status(results.initStatus(), BH_NOT_FOUND, "there is no such instance");
      return kj::READY_NOW;
    }
    return queue([instance = std::move(instance)]() mutable { instance.reset(); },
                 [results]() mutable { results.initStatus(); });
  }

  kj::Promise<void> call(CallContext context) override {
    auto results = context.getResults();
    const auto params = context.getParams();
    auto instance = server_.instance(params.getInstance());
    if (instance == nullptr) {
      set_status(results.initStatus(), BH_NOT_FOUND, "there is no such instance");
      return kj::READY_NOW;
    }
    auto call = server_.start_call(params.getContext());
    return queue(
        [call, params, results, instance = std::move(instance)]() mutable {
          const auto interface = params.getInterface();
          call->status =
              instance->dispatch(call->context, {interface.cStr(), interface.size()},
                                 params.getMethod(), params.getParams(), results.getResults());
        },
        [&server = server_, call, results]() mutable {
          server.end_call(*call);
          set_status(results.initStatus(), call->status, call->context.error());
        });
  }

  kj::Promise<void> cancel(CancelContext context) override {
    // A reason that this version does not know is a cancellation too.
    const bool late =
        context.getParams().getReason() == static_cast<std::uint32_t>(wire::Stop::deadline);
    server_.cancel(context.getParams().getId(),
                   late ? wire::Stop::deadline : wire::Stop::cancelled);
    return kj::READY_NOW;
  }

 private:
  kj::Promise<void> queue(std::function<void()> run, std::function<void()> answer) {
    auto paf = kj::newPromiseAndFulfiller<void>();
    auto fulfiller = std::make_shared<kj::Own<kj::PromiseFulfiller<void>>>(kj::mv(paf.fulfiller));
    server_.queue(std::move(run), [answer = std::move(answer), fulfiller] {
      answer();
      (*fulfiller)->fulfill();
    });
    return kj::mv(paf.promise);
  }

  cell::Server& server_;
  bool loaded_ = false;
};

}  // namespace

core::Cell::Client make_methods(Server& server) { return kj::heap<Methods>(server); }

}  // namespace bulkhead::cell
