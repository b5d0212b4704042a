#include "host/services/http_service.hpp"

#include <bulkhead/abi/draft/http.h>

#include "host/services/call_memory.hpp"

namespace bulkhead::host {
namespace {

struct HttpTable : bh_http_v1 {
  std::shared_ptr<HttpClient> client;
};

HttpClient& client_of(const bh_http_v1* self) {
  return *static_cast<const HttpTable*>(self)->client;
}

HttpRequest request_of(const bh_http_request_params& params) {
  HttpRequest request;
  request.method = view(params.method);
  request.url = view(params.url);
  for (std::size_t i = 0; i < params.header_count; ++i) {
    request.headers.push_back(
        {std::string(view(params.headers[i].name)), std::string(view(params.headers[i].value))});
  }
  request.body = view(params.body);
  request.secret_header = view(params.secret_header);
  request.secret_prefix = view(params.secret_prefix);
  request.secret = view(params.secret);
  request.redirects = params.redirects;
  request.max_body = params.max_body;
  return request;
}

bool give(bh_call* call, const HttpAnswer& answer, bh_http_request_result* result) {
  result->status = answer.status;
  result->response = answer.response;
  if (!copy_to(call, answer.url, result->url)) return false;
  result->headers = nullptr;
  result->header_count = 0;
  if (answer.headers.empty()) return true;
  void* memory = call->fn->allocate(call, answer.headers.size() * sizeof(bh_http_header));
  if (memory == nullptr) return false;
  auto* headers = static_cast<bh_http_header*>(memory);
  for (std::size_t i = 0; i < answer.headers.size(); ++i) {
    if (!copy_to(call, answer.headers[i].name, headers[i].name) ||
        !copy_to(call, answer.headers[i].value, headers[i].value)) {
      return false;
    }
  }
  result->headers = headers;
  result->header_count = answer.headers.size();
  return true;
}

bh_status request(bh_call* call, const bh_http_v1* self, const bh_http_request_params* params,
                  bh_http_request_result* result) {
  return guarded(call, [&]() -> bh_status {
    HttpAnswer answer;
    const auto outcome = client_of(self).request(request_of(*params), stop_of(call), answer);
    if (outcome.status != BH_OK) return settle(call, outcome);
    if (give(call, answer, result)) return BH_OK;
    client_of(self).close(answer.response);
    return BH_OUT_OF_MEMORY;
  });
}

bh_status read(bh_call* call, const bh_http_v1* self, const bh_http_read_params* params,
               bh_http_read_result* result) {
  return guarded(call, [&]() -> bh_status {
    std::string bytes;
    bool end = false;
    const auto outcome = client_of(self).read(params->response, params->position, params->max,
                                              stop_of(call), bytes, end);
    if (outcome.status != BH_OK) return settle(call, outcome);
    result->end = end ? 1 : 0;
    if (copy_to(call, bytes, result->bytes)) return BH_OK;
    client_of(self).close(params->response);  // these bytes are gone
    return BH_OUT_OF_MEMORY;
  });
}

bh_status close(bh_call*, const bh_http_v1* self, const bh_http_close_params* params, bh_empty*) {
  client_of(self).close(params->response);
  return BH_OK;
}

}  // namespace

wire::LentService lend_http(std::shared_ptr<HttpClient> client) {
  auto table = std::make_shared<HttpTable>();
  static_cast<bh_http_v1&>(*table) = {sizeof(bh_http_v1), 0, request, read, close};
  table->client = std::move(client);
  const bh_http_v1* functions = table.get();
  return {&wire::kHttpService, wire::local_port(functions, std::move(table))};
}

}  // namespace bulkhead::host
