// The structs and methods of the service "bulkhead.http/1".
#include <bulkhead/abi/draft/http.h>

#include "sdk/schema/draft/common.capnp.h"
#include "sdk/schema/draft/http.capnp.h"
#include "sdk/wire/service.hpp"

namespace bulkhead::wire {

template <>
const Layout& layout<bh_http_header>() {
  static const Layout self = describe<bh_http_header>(
      {BULKHEAD_FIELD(bh_http_header, name), BULKHEAD_FIELD(bh_http_header, value)});
  return self;
}

template <>
const Layout& layout<bh_http_request_params>() {
  static const Layout self = describe<bh_http_request_params>(
      {BULKHEAD_FIELD(bh_http_request_params, redirects),
       BULKHEAD_FIELD(bh_http_request_params, method), BULKHEAD_FIELD(bh_http_request_params, url),
       BULKHEAD_LIST(bh_http_request_params, headers, header_count),
       BULKHEAD_FIELD(bh_http_request_params, body),
       BULKHEAD_FIELD(bh_http_request_params, secret_header),
       BULKHEAD_FIELD(bh_http_request_params, secret_prefix),
       BULKHEAD_FIELD(bh_http_request_params, secret),
       BULKHEAD_FIELD(bh_http_request_params, max_body)});
  return self;
}

template <>
const Layout& layout<bh_http_request_result>() {
  static const Layout self = describe<bh_http_request_result>(
      {BULKHEAD_FIELD(bh_http_request_result, status),
       BULKHEAD_LIST(bh_http_request_result, headers, header_count),
       BULKHEAD_FIELD(bh_http_request_result, url),
       BULKHEAD_FIELD(bh_http_request_result, response)});
  return self;
}

template <>
const Layout& layout<bh_http_read_params>() {
  static const Layout self = describe<bh_http_read_params>(
      {BULKHEAD_FIELD(bh_http_read_params, max), BULKHEAD_FIELD(bh_http_read_params, response),
       BULKHEAD_FIELD(bh_http_read_params, position)});
  return self;
}

template <>
const Layout& layout<bh_http_read_result>() {
  static const Layout self = describe<bh_http_read_result>(
      {BULKHEAD_FIELD(bh_http_read_result, end), BULKHEAD_FIELD(bh_http_read_result, bytes)});
  return self;
}

template <>
const Layout& layout<bh_http_close_params>() {
  static const Layout self =
      describe<bh_http_close_params>({BULKHEAD_FIELD(bh_http_close_params, response)});
  return self;
}

namespace {

using namespace http;
using Table = bh_http_v1;

constexpr MethodBinding kMethods[] = {
    method<&Table::request, RequestParams, RequestResults>("request", 0),
    method<&Table::read, ReadParams, http::ReadResults>("read", 1),
    method<&Table::close, CloseParams, common::Empty>("close", 2),
};

constexpr Table kFunctions = {sizeof(Table), 0, service_entry<kHttpService, &Table::request, 0>,
                              service_entry<kHttpService, &Table::read, 1>,
                              service_entry<kHttpService, &Table::close, 2>};

}  // namespace

constexpr ServiceBinding kHttpService = {{BH_HTTP_1, 0, sizeof(Table), kMethods},
                                         give<Table, kFunctions>};

}  // namespace bulkhead::wire
