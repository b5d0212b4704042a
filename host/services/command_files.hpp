// The folders of commands on the disk. All throw sdk::PluginError, BH_IO_ERROR where they name no
// other.
#pragma once

#include <bulkhead/sdk/call.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>
#include <nlohmann/json.hpp>

#include "sdk/wire/unique_fd.hpp"

namespace bulkhead::host {

// Each of them with mode 0700; the last must belong to this user.
void make_folders(const std::string& path);
// Nothing: there is none.
wire::UniqueFd open_folder(const std::string& path);
// The jobs' names, in order; what is not finished being made is none.
std::vector<std::string> names_below(const std::string& folder);

// Waits for the lock of the owner's folder.
wire::UniqueFd take_turn(const sdk::Call& call, const std::string& folder);

// A new folder with its intent and its lock, durable, and under its name at once. In one's turn.
void make_job_folder(const std::string& folder, const std::string& key, const std::string& intent);
// False: somebody holds the job's lock.
bool remove_job(const std::string& path);
// As remove_job, and leaves one that was started.
bool remove_unstarted(const std::string& path);

// BH_NOT_FOUND: no such file, BH_DATA_INVALID: no JSON.
nlohmann::json read_json(int folder, const char* name);
std::string read_part(int folder, const char* name, std::uint64_t from, std::uint64_t most);

// Without what is no UTF-8.
std::string printable(const std::string& text);

// What body() reads from JSON and does not find, or finds of another type, is BH_DATA_INVALID.
template <class Body>
auto reading_json(Body&& body) {
  try {
    return body();
  } catch (const nlohmann::json::exception& error) {
    throw sdk::PluginError(BH_DATA_INVALID, std::string("The state of the command is damaged (") +
                                                error.what() + "); destroy it.");
  }
}

}  // namespace bulkhead::host
