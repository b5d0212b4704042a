#include "sandbox/cell/remote_service.hpp"

#include <string>

#include "sandbox/cell/server.hpp"

namespace bulkhead::cell {
namespace {

class RemoteService final : public wire::ServicePort {
 public:
  RemoteService(Server& server, core::HostService::Client service)
      : server_(server), service_(std::make_unique<core::HostService::Client>(kj::mv(service))) {}
  ~RemoteService() override {
    server_.in_turn([this] { service_ = nullptr; });
  }

  bh_status call(wire::CallContext& context, const wire::MethodBinding& method, const void* params,
                 void* result) override {
    bh_status status = BH_UNAVAILABLE;
    std::string words = "the host can't be reached";
    const std::uint64_t id = next_.fetch_add(1, std::memory_order_relaxed);
    server_.ask(
        [&] {
          auto request = service_->callRequest();
          request.initContext().setId(id);
          request.getContext().setDeadline(context.deadline_ns);
          request.setMethod(method.number);
          wire::write_params(method, params, request.getParams());
          return request.send().then([&](capnp::Response<core::CallResults>&& results) {
            status = results.getStatus().getCode();
            words = results.getStatus().getMessage().cStr();
            if (status != BH_OK) return;
            status = wire::read_results(method, params, result, context, results.getResults());
          });
        },
        &context,
        [&] {
          auto request = service_->cancelRequest();
          request.setId(id);
          request.setReason(static_cast<std::uint32_t>(context.stopped()));
          request.send().ignoreResult().detach([](kj::Exception&&) {});
        });
    if (status != BH_OK && !words.empty()) context.fail(words);
    return status;
  }

 private:
  Server& server_;
  std::unique_ptr<core::HostService::Client> service_;
  std::atomic<std::uint64_t> next_{1};
};

}  // namespace

std::shared_ptr<wire::ServicePort> remote_service(Server& server,
                                                  core::HostService::Client service) {
  return std::make_shared<RemoteService>(server, kj::mv(service));
}

}  // namespace bulkhead::cell
