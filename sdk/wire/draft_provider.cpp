// The structs and methods of "bulkhead.provider/1-draft".
#include <bulkhead/abi/draft/provider.h>

#include "sdk/schema/draft/common.capnp.h"
#include "sdk/schema/draft/provider.capnp.h"
#include "sdk/wire/binding.hpp"
#include "sdk/wire/drafts.hpp"

namespace bulkhead::wire {

template <>
const Layout& layout<bh_job_spec>() {
  static const Layout self = describe<bh_job_spec>(
      {BULKHEAD_FIELD(bh_job_spec, name), BULKHEAD_FIELD(bh_job_spec, tag),
       BULKHEAD_FIELD(bh_job_spec, image), BULKHEAD_LIST(bh_job_spec, arguments, argument_count),
       BULKHEAD_LIST(bh_job_spec, environment, environment_count), BULKHEAD_FIELD(bh_job_spec, gpu),
       BULKHEAD_FIELD(bh_job_spec, gpu_count), BULKHEAD_FIELD(bh_job_spec, gpu_memory),
       BULKHEAD_FIELD(bh_job_spec, cpus), BULKHEAD_FIELD(bh_job_spec, memory),
       BULKHEAD_FIELD(bh_job_spec, timeout_ns)});
  return self;
}

template <>
const Layout& layout<bh_provider_info_result>() {
  static const Layout self =
      describe<bh_provider_info_result>({BULKHEAD_FIELD(bh_provider_info_result, name),
                                         BULKHEAD_FIELD(bh_provider_info_result, description)});
  return self;
}

template <>
const Layout& layout<bh_provider_quote_params>() {
  static const Layout self =
      describe<bh_provider_quote_params>({BULKHEAD_FIELD(bh_provider_quote_params, job)});
  return self;
}

template <>
const Layout& layout<bh_provider_quote_result>() {
  static const Layout self =
      describe<bh_provider_quote_result>({BULKHEAD_FIELD(bh_provider_quote_result, available),
                                          BULKHEAD_FIELD(bh_provider_quote_result, micros_per_hour),
                                          BULKHEAD_FIELD(bh_provider_quote_result, currency),
                                          BULKHEAD_FIELD(bh_provider_quote_result, quoted_at),
                                          BULKHEAD_FIELD(bh_provider_quote_result, valid_until),
                                          BULKHEAD_FIELD(bh_provider_quote_result, note)});
  return self;
}

template <>
const Layout& layout<bh_provider_submit_params>() {
  static const Layout self =
      describe<bh_provider_submit_params>({BULKHEAD_FIELD(bh_provider_submit_params, intent),
                                           BULKHEAD_FIELD(bh_provider_submit_params, job)});
  return self;
}

template <>
const Layout& layout<bh_provider_find_params>() {
  static const Layout self =
      describe<bh_provider_find_params>({BULKHEAD_FIELD(bh_provider_find_params, intent)});
  return self;
}

template <>
const Layout& layout<bh_provider_handle_result>() {
  static const Layout self =
      describe<bh_provider_handle_result>({BULKHEAD_FIELD(bh_provider_handle_result, handle)});
  return self;
}

template <>
const Layout& layout<bh_provider_handle_params>() {
  static const Layout self =
      describe<bh_provider_handle_params>({BULKHEAD_FIELD(bh_provider_handle_params, handle)});
  return self;
}

template <>
const Layout& layout<bh_provider_status_result>() {
  static const Layout self =
      describe<bh_provider_status_result>({BULKHEAD_FIELD(bh_provider_status_result, state),
                                           BULKHEAD_FIELD(bh_provider_status_result, reason),
                                           BULKHEAD_FIELD(bh_provider_status_result, exit_code),
                                           BULKHEAD_FIELD(bh_provider_status_result, started_at),
                                           BULKHEAD_FIELD(bh_provider_status_result, ended_at),
                                           BULKHEAD_FIELD(bh_provider_status_result, micros_spent),
                                           BULKHEAD_FIELD(bh_provider_status_result, message)});
  return self;
}

template <>
const Layout& layout<bh_provider_logs_params>() {
  static const Layout self =
      describe<bh_provider_logs_params>({BULKHEAD_FIELD(bh_provider_logs_params, handle),
                                         BULKHEAD_FIELD(bh_provider_logs_params, after),
                                         BULKHEAD_FIELD(bh_provider_logs_params, max_bytes),
                                         BULKHEAD_FIELD(bh_provider_logs_params, wait_ns)});
  return self;
}

template <>
const Layout& layout<bh_provider_logs_result>() {
  static const Layout self =
      describe<bh_provider_logs_result>({BULKHEAD_FIELD(bh_provider_logs_result, ended),
                                         BULKHEAD_FIELD(bh_provider_logs_result, next),
                                         BULKHEAD_FIELD(bh_provider_logs_result, bytes)});
  return self;
}

template <>
const Layout& layout<bh_provider_stop_params>() {
  static const Layout self =
      describe<bh_provider_stop_params>({BULKHEAD_FIELD(bh_provider_stop_params, handle),
                                         BULKHEAD_FIELD(bh_provider_stop_params, grace_ns)});
  return self;
}

template <>
const Layout& layout<bh_provider_destroy_result>() {
  static const Layout self =
      describe<bh_provider_destroy_result>({BULKHEAD_FIELD(bh_provider_destroy_result, gone)});
  return self;
}

template <>
const Layout& layout<bh_provider_list_params>() {
  static const Layout self =
      describe<bh_provider_list_params>({BULKHEAD_FIELD(bh_provider_list_params, tag)});
  return self;
}

template <>
const Layout& layout<bh_owned_job>() {
  static const Layout self = describe<bh_owned_job>({BULKHEAD_FIELD(bh_owned_job, intent),
                                                     BULKHEAD_FIELD(bh_owned_job, handle),
                                                     BULKHEAD_FIELD(bh_owned_job, state)});
  return self;
}

template <>
const Layout& layout<bh_provider_list_result>() {
  static const Layout self =
      describe<bh_provider_list_result>({BULKHEAD_LIST(bh_provider_list_result, jobs, job_count)});
  return self;
}

template <>
const Layout& layout<bh_provider_health_params>() {
  static const Layout self =
      describe<bh_provider_health_params>({BULKHEAD_FIELD(bh_provider_health_params, after),
                                           BULKHEAD_FIELD(bh_provider_health_params, wait_ns)});
  return self;
}

template <>
const Layout& layout<bh_provider_health_result>() {
  static const Layout self =
      describe<bh_provider_health_result>({BULKHEAD_FIELD(bh_provider_health_result, healthy),
                                           BULKHEAD_FIELD(bh_provider_health_result, number),
                                           BULKHEAD_FIELD(bh_provider_health_result, message)});
  return self;
}

namespace {

using namespace provider;
using Table = bh_provider_v1;

constexpr MethodBinding kMethods[] = {
    method<&Table::info, common::Empty, InfoResults>("info", BH_PROVIDER_INFO),
    method<&Table::quote, QuoteParams, QuoteResults>("quote", BH_PROVIDER_QUOTE),
    method<&Table::submit_job, SubmitParams, HandleResults>("submit_job", BH_PROVIDER_SUBMIT_JOB),
    method<&Table::find, FindParams, HandleResults>("find", BH_PROVIDER_FIND),
    method<&Table::recover, HandleParams, HandleResults>("recover", BH_PROVIDER_RECOVER),
    method<&Table::status, HandleParams, StatusResults>("status", BH_PROVIDER_STATUS),
    method<&Table::logs, LogsParams, LogsResults>("logs", BH_PROVIDER_LOGS),
    method<&Table::stop, StopParams, common::Empty>("stop", BH_PROVIDER_STOP),
    method<&Table::destroy, HandleParams, DestroyResults>("destroy", BH_PROVIDER_DESTROY),
    method<&Table::list_owned, ListParams, ListResults>("list_owned", BH_PROVIDER_LIST_OWNED),
    method<&Table::health, HealthParams, HealthResults>("health", BH_PROVIDER_HEALTH),
};

}  // namespace

constexpr InterfaceBinding kProviderBinding = {BH_PROVIDER_1, 4, sizeof(Table), kMethods};

namespace {

constexpr Table kTable = {
    sizeof(Table),
    0,
    entry<kProviderBinding, &Table::info, BH_PROVIDER_INFO>,
    entry<kProviderBinding, &Table::quote, BH_PROVIDER_QUOTE>,
    entry<kProviderBinding, &Table::submit_job, BH_PROVIDER_SUBMIT_JOB>,
    entry<kProviderBinding, &Table::find, BH_PROVIDER_FIND>,
    entry<kProviderBinding, &Table::recover, BH_PROVIDER_RECOVER>,
    entry<kProviderBinding, &Table::status, BH_PROVIDER_STATUS>,
    entry<kProviderBinding, &Table::logs, BH_PROVIDER_LOGS>,
    entry<kProviderBinding, &Table::stop, BH_PROVIDER_STOP>,
    entry<kProviderBinding, &Table::destroy, BH_PROVIDER_DESTROY>,
    entry<kProviderBinding, &Table::list_owned, BH_PROVIDER_LIST_OWNED>,
    entry<kProviderBinding, &Table::health, BH_PROVIDER_HEALTH>,
    entry_submit<kProviderBinding>,
};

}  // namespace

InterfaceInfo provider_interface() { return interface_info<kProviderBinding>(&kTable); }

}  // namespace bulkhead::wire
