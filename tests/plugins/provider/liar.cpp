// A provider whose answers break the contract in the way that the handle, or the intent, says. Its
// table is its own: the base class would not let that through.
#include <bulkhead/sdk/provider.hpp>

namespace {

using namespace bulkhead::sdk;

bool is(bh_bytes handle, std::string_view what) { return as_view(handle) == what; }

bh_status find(bh_call* call, bh_instance*, const bh_provider_find_params* params,
               bh_provider_handle_result* result) {
  const std::size_t size = as_view(params->intent) == "long" ? 4097 : 0;
  result->handle = {static_cast<std::uint8_t*>(call->fn->allocate(call, size + 1)), size};
  return BH_OK;
}

bh_status status(bh_call*, bh_instance*, const bh_provider_handle_params* params,
                 bh_provider_status_result* result) {
  result->state = is(params->handle, "state")  ? 99
                  : is(params->handle, "zero") ? 0
                                               : BH_JOB_RUNNING;
  result->reason = is(params->handle, "reason") ? 77 : 0;
  return BH_OK;
}

bh_status logs(bh_call* call, bh_instance*, const bh_provider_logs_params* params,
               bh_provider_logs_result* result) {
  const bool backwards = is(params->handle, "backwards");
  result->next = backwards ? params->after - 1 : params->after;
  if (is(params->handle, "more")) result->next = params->after + 100;
  const std::size_t size = backwards ? 0 : 100;
  result->bytes = {static_cast<std::uint8_t*>(call->fn->allocate(call, 100)), size};
  return BH_OK;
}

bh_status list_owned(bh_call* call, bh_instance*, const bh_provider_list_params*,
                     bh_provider_list_result* result) {
  auto* job = static_cast<bh_owned_job*>(call->fn->allocate(call, sizeof(bh_owned_job)));
  *job = {};
  result->jobs = job;
  result->job_count = 1;
  return BH_OK;
}

template <class Params, class Result>
bh_status nothing(bh_call*, bh_instance*, const Params*, Result*) {
  return BH_OK;
}

constexpr bh_provider_v1 kTable = {sizeof(bh_provider_v1),
                                   0,
                                   nothing,
                                   nothing,
                                   nothing,
                                   find,
                                   nothing,
                                   status,
                                   logs,
                                   nothing,
                                   nothing,
                                   list_owned,
                                   nothing,
                                   nullptr};

class Liar {
 public:
  class Instance final : public InstanceBase {
   public:
    explicit Instance(std::unique_ptr<Liar>) {}
    const void* interface(std::string_view name) const noexcept override {
      return name == BH_PROVIDER_1 ? &kTable : nullptr;
    }
  };
  static constexpr const char* kInterfaces[] = {BH_PROVIDER_1, nullptr};
};

}  // namespace

BULKHEAD_PLUGIN(Liar);
