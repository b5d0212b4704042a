// The service "bulkhead.http/1" of one instance.
#pragma once

#include <memory>

#include "host/services/http_client.hpp"
#include "sdk/wire/service.hpp"

namespace bulkhead::host {

wire::LentService lend_http(std::shared_ptr<HttpClient> client);

}  // namespace bulkhead::host
