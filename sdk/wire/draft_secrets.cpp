// The structs and methods of the service "bulkhead.secrets/1".
#include <bulkhead/abi/draft/secrets.h>

#include "sdk/schema/draft/secrets.capnp.h"
#include "sdk/wire/service.hpp"

namespace bulkhead::wire {

template <>
const Layout& layout<bh_secrets_sign_params>() {
  static const Layout self = describe<bh_secrets_sign_params>(
      {BULKHEAD_FIELD(bh_secrets_sign_params, secret),
       BULKHEAD_FIELD(bh_secrets_sign_params, prefix),
       BULKHEAD_LIST(bh_secrets_sign_params, messages, message_count)});
  return self;
}

template <>
const Layout& layout<bh_secrets_sign_result>() {
  static const Layout self =
      describe<bh_secrets_sign_result>({BULKHEAD_FIELD(bh_secrets_sign_result, signature)});
  return self;
}

template <>
const Layout& layout<bh_secrets_has_params>() {
  static const Layout self =
      describe<bh_secrets_has_params>({BULKHEAD_FIELD(bh_secrets_has_params, secret)});
  return self;
}

template <>
const Layout& layout<bh_secrets_has_result>() {
  static const Layout self =
      describe<bh_secrets_has_result>({BULKHEAD_FIELD(bh_secrets_has_result, present)});
  return self;
}

namespace {

using namespace secrets;
using Table = bh_secrets_v1;

constexpr MethodBinding kMethods[] = {
    method<&Table::sign, SignParams, SignResults>("sign", 0),
    method<&Table::has, HasParams, HasResults>("has", 1),
};

constexpr Table kFunctions = {sizeof(Table), 0, service_entry<kSecretsService, &Table::sign, 0>,
                              service_entry<kSecretsService, &Table::has, 1>};

}  // namespace

constexpr ServiceBinding kSecretsService = {{BH_SECRETS_1, 0, sizeof(Table), kMethods},
                                            give<Table, kFunctions>};

}  // namespace bulkhead::wire
