// What a plugin asks for and what the policy grants, for `bulkhead info`.
#pragma once

#include <nlohmann/json.hpp>

#include <string>
#include <utility>
#include <vector>

#include "host/policy/grants.hpp"

namespace bulkhead::cli {

// Into "permissions": files, http, secrets, commands; what is not asked for is left out.
void add_permissions(nlohmann::ordered_json& document, const manifest::Permissions& asked);
// "grants": the same keys, always, each grant with the place that gives it ("by").
nlohmann::ordered_json grants_document(const policy::Grants& grants);

// The lines for a person, as title and text, from the two documents.
std::vector<std::pair<std::string, std::string>> permission_lines(
    const nlohmann::ordered_json& asked, const nlohmann::ordered_json& grants);

}  // namespace bulkhead::cli
