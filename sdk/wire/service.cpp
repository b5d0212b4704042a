#include "sdk/wire/service.hpp"

#include <string>

namespace bulkhead::wire {
namespace {

class LocalPort final : public ServicePort {
 public:
  LocalPort(const void* table, std::shared_ptr<const void> keep)
      : table_(table), keep_(std::move(keep)) {}
  bh_status call(CallContext& context, const MethodBinding& method, const void* params,
                 void* result) override {
    return method.invoke(table_, &context, nullptr, params, result);
  }

 private:
  const void* const table_;
  const std::shared_ptr<const void> keep_;
};

}  // namespace

std::span<const ServiceBinding* const> service_bindings() {
  static constexpr const ServiceBinding* kAll[] = {&kCommandsService};
  return kAll;
}

const ServiceBinding* find_service(std::string_view name) {
  for (const ServiceBinding* binding : service_bindings()) {
    if (name == binding->interface.name) return binding;
  }
  return nullptr;
}

std::shared_ptr<ServicePort> local_port(const void* table, std::shared_ptr<const void> keep) {
  return std::make_shared<LocalPort>(table, std::move(keep));
}

bh_status use_service(const MethodBinding& method, ServicePort& port, bh_call* call,
                      const void* params, void* result) {
  if (call == nullptr) return BH_INVALID_ARGUMENT;
  CallContext& context = CallContext::of(call);
  if (const bh_status stop = context.should_stop(); stop != BH_OK) return stop;
  if (const bh_status status = check_caller(method, params, result, context); status != BH_OK) {
    return status;
  }
  const bh_status status = port.call(context, method, params, result);
  if (status != BH_OK) return status;
  return keeps_contract(method, params, result, context) ? BH_OK : BH_PROTOCOL_ERROR;
}

bh_status serve(const LentService& service, CallContext& context, std::uint16_t number,
                capnp::AnyPointer::Reader params, capnp::AnyPointer::Builder results,
                std::uint64_t params_limit) {
  const InterfaceBinding& interface = service.binding->interface;
  if (number >= interface.methods.size()) {
    context.fail(std::string(interface.name) + " has no method " + std::to_string(number));
    return BH_UNSUPPORTED;
  }
  const MethodBinding& method = interface.methods[number];
  IncomingCall call(method, params_limit);
  if (const bh_status status = call.take(context, params); status != BH_OK) return status;
  if (const bh_status stop = context.should_stop(); stop != BH_OK) return stop;
  const bh_status status = service.port->call(context, method, call.params(), call.result());
  return status == BH_OK ? call.give(context, results) : status;
}

}  // namespace bulkhead::wire
