#include "host/services/service_server.hpp"

#include <kj/exception.h>

#include <map>
#include <string>
#include <utility>

namespace bulkhead::host {
namespace {

namespace core = wire::core;

constexpr std::size_t kMaxInFlight = 16;  // of one service of one instance

class ServiceServer final : public core::HostService::Server {
 public:
  ServiceServer(wire::LentService service, ServiceHome home)
      : service_(std::move(service)), home_(std::move(home)) {}

 protected:
  kj::Promise<void> call(CallContext context) override {
    const auto params = context.getParams();
    auto results = context.getResults();
    const std::uint64_t id = params.getContext().getId();
    if (running_.size() >= kMaxInFlight || running_.count(id) != 0) {
      set_status(results, BH_OVERLOADED,
                 "the plugin has " + std::to_string(running_.size()) + " calls of " +
                     service_.binding->interface.name + " under way already");
      return kj::READY_NOW;
    }
    InTurn in_turn = home_.enter();
    if (!in_turn) return kj::READY_NOW;  // nobody is left to hear it
    const auto call = std::make_shared<wire::CallContext>();
    const std::int64_t deadline = params.getContext().getDeadline();
    call->deadline_ns = deadline > 0 ? deadline : wire::monotonic_now() + home_.call_timeout;
    call->set_output_limit(home_.output_limit);
    home_.stop_at_end(call);
    running_.emplace(id, call);
    return in_background(
               home_.workers, std::move(in_turn), context,
               [service = service_, call, params, results, limit = home_.output_limit]() mutable {
                 return run(service, *call, params, results, limit);
               },
               bh_status{BH_OVERLOADED},
               [call](bh_status status, CallContext& asked) {
                 set_status(asked.getResults(), status, call->error());
               })
        .attach(kj::defer([this, id] { running_.erase(id); }));
  }

  kj::Promise<void> cancel(CancelContext context) override {
    const auto params = context.getParams();
    const auto found = running_.find(params.getId());
    if (found == running_.end()) return kj::READY_NOW;
    const bool late = params.getReason() == static_cast<std::uint32_t>(wire::Stop::deadline);
    // Whoever is woken by it may need locks.
    home_.post([call = found->second, late] {
      call->stop(late ? wire::Stop::deadline : wire::Stop::cancelled);
    });
    return kj::READY_NOW;
  }

 private:
  static void set_status(core::CallResults::Builder results, bh_status status,
                         const std::string& words) {
    auto message = results.initStatus();
    message.setCode(status);
    if (status != BH_OK) message.setMessage(words.c_str());
  }

  // On a worker. The messages are this call's own.
  static bh_status run(const wire::LentService& service, wire::CallContext& call,
                       core::ServiceCallParams::Reader params, core::CallResults::Builder results,
                       std::uint64_t limit) {
    try {
      return wire::serve(service, call, params.getMethod(), params.getParams(),
                         results.getResults(), limit);
    } catch (const kj::Exception&) {
      call.fail("the cell sent params that are no message of this method");
      return BH_INVALID_ARGUMENT;
    } catch (const std::bad_alloc&) {
      call.fail("memory ran out in the host");
      return BH_OUT_OF_MEMORY;
    }
  }

  const wire::LentService service_;
  const ServiceHome home_;
  std::map<std::uint64_t, std::shared_ptr<wire::CallContext>> running_;
};

}  // namespace

core::HostService::Client make_service_server(wire::LentService service, ServiceHome home) {
  return kj::heap<ServiceServer>(std::move(service), std::move(home));
}

}  // namespace bulkhead::host
