#include "host/services/command_store.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <nlohmann/json.hpp>
#include <openssl/evp.h>
#include <bulkhead/abi/draft/commands.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <thread>

#include "host/services/command_files.hpp"
#include "sandbox/keep/job_folder.hpp"
#include "sandbox/keep/start_keeper.hpp"
#include "sandbox/launch/launcher.hpp"
#include "sandbox/policy/stage.hpp"

namespace bulkhead::host {
namespace {

using sandbox::KeepReport;
using sdk::PluginError;
using Clock = std::chrono::steady_clock;
using std::chrono::nanoseconds;

constexpr auto kPoll = std::chrono::milliseconds(5);
constexpr std::size_t kMaxKey = 64, kMaxLabel = 256, kMaxCommands = 1024;
constexpr nanoseconds kLongestGrace = std::chrono::hours(24);

void check_key(std::string_view key) {
  const bool fits =
      !key.empty() && key.size() <= kMaxKey && std::all_of(key.begin(), key.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
      });
  if (!fits) {
    throw PluginError(BH_INVALID_ARGUMENT,
                      "The key of a command is 1 to 64 characters of a-z, 0-9 and \"-\".");
  }
}

void check_label(std::string_view text, const char* what) {
  try {
    if (text.size() <= kMaxLabel && !nlohmann::json(text).dump().empty()) return;
  } catch (const nlohmann::json::type_error&) {
    // It is no UTF-8.
  }
  throw PluginError(BH_INVALID_ARGUMENT,
                    std::string("The ") + what + " of a command is at most 256 bytes of UTF-8.");
}

void sleep_a_little(const sdk::Call& call) {
  call.check();
  std::this_thread::sleep_for(kPoll);
}

// After a keeper said that it failed: it lets go of the folder as it ends.
void remove_failed(const std::string& path) {
  const auto until = Clock::now() + std::chrono::seconds(10);
  while (!remove_unstarted(path) && Clock::now() < until) std::this_thread::sleep_for(kPoll);
}

std::string request_hash(const CommandStore::Start& start) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  const std::string bytes = sandbox::encode(start.request) + start.tag;
  if (EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, EVP_sha256(), nullptr) != 1) {
    throw PluginError(BH_INTERNAL, "OpenSSL can't compute sha256.");
  }
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (unsigned i = 0; i < size; ++i) {
    text += kDigits[digest[i] >> 4];
    text += kDigits[digest[i] & 15];
  }
  return text;
}

std::uint32_t reason_of(const std::string& word) {
  constexpr const char* kWords[] = {"exited",  "not_executed", "stopped",
                                    "timeout", "shutdown",     "killed"};
  for (std::uint32_t i = 0; i < std::size(kWords); ++i) {
    if (word == kWords[i]) return BH_COMMAND_EXITED + i;
  }
  throw PluginError(BH_DATA_INVALID, "The end of the command has an unknown reason, \"" + word +
                                         "\"; a later version of the host wrote it.");
}

std::string message_of(const CommandStatus& status, int error, const std::string& program) {
  switch (status.reason) {
    case BH_COMMAND_NOT_EXECUTED:
      return program + " could not be executed: " + std::strerror(error) + ".";
    case BH_COMMAND_STOPPED:
      return "It was stopped.";
    case BH_COMMAND_TIMEOUT:
      return "Its time was up.";
    case BH_COMMAND_SHUTDOWN:
      return "Its keeper was asked to end, as at a shutdown of the machine.";
    case BH_COMMAND_KILLED:
      return "It was killed from outside, perhaps because memory ran out.";
    default:
      break;
  }
  if (status.exit_code > 128) {
    const char* name = sigdescr_np(status.exit_code - 128);
    if (name != nullptr) return "It ended by a signal, or said so: " + std::string(name) + ".";
  }
  return {};
}

CommandStatus ended_status(const nlohmann::json& end, const std::string& program) {
  CommandStatus status;
  status.state = BH_COMMAND_ENDED;
  status.reason = reason_of(end.at("reason").get<std::string>());
  status.exit_code = end.at("exit_code").get<int>();
  status.started_at = end.at("started_at").get<std::int64_t>();
  status.ended_at = end.at("ended_at").get<std::int64_t>();
  status.cpu_ns = end.at("cpu_microseconds").get<std::uint64_t>() * 1000;
  status.log_bytes = end.at("log_bytes").get<std::uint64_t>();
  status.log_dropped = end.at("log_dropped").get<std::uint64_t>();
  status.message = message_of(status, end.at("error").get<int>(), program);
  return status;
}

std::uint64_t size_of(int folder, const char* name) {
  struct stat status {};
  return fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) == 0
             ? static_cast<std::uint64_t>(status.st_size)
             : 0;
}

// In this order: a keeper writes the end before it lets go of the lock.
CommandStatus read_status(int folder) {
  const bool kept = sandbox::is_claimed(folder);
  const nlohmann::json intent = read_json(folder, sandbox::kIntentFile);
  if (sandbox::has_file(folder, sandbox::kEndFile)) {
    return ended_status(read_json(folder, sandbox::kEndFile),
                        intent.at("program").get<std::string>());
  }
  CommandStatus status;
  status.state = kept ? BH_COMMAND_RUNNING : BH_COMMAND_LOST;
  status.started_at = read_json(folder, sandbox::kStartedFile).at("started_at").get<std::int64_t>();
  status.log_bytes = size_of(folder, sandbox::kLogFile);
  if (!kept) {
    status.message =
        "Its keeper was killed, or the machine was restarted: it runs no more, and nobody knows "
        "how it ended.";
  }
  return status;
}

// One that is damaged must not hide the others, nor itself: it can be destroyed.
CommandStatus status_or_lost(int folder) {
  try {
    return reading_json([&] { return read_status(folder); });
  } catch (const PluginError& error) {
    if (error.status() != BH_DATA_INVALID) throw;
    CommandStatus lost;
    lost.state = BH_COMMAND_LOST;
    return lost;
  }
}

}  // namespace

CommandStore::CommandStore(std::string folder, std::function<std::string()> launcher)
    : folder_(std::move(folder)), launcher_(std::move(launcher)) {}

std::string CommandStore::path_of(std::string_view key) const {
  check_key(key);
  return folder_ + "/" + std::string(key);
}

wire::UniqueFd CommandStore::open_started(std::string_view key) const {
  wire::UniqueFd folder = open_folder(path_of(key));
  if (folder && sandbox::has_file(folder.get(), sandbox::kStartedFile)) return folder;
  throw PluginError(BH_NOT_FOUND, "No command has the key \"" + std::string(key) + "\".");
}

void CommandStore::start(const sdk::Call& call, const Start& start) const {
  check_key(start.key);
  check_label(start.tag, "tag");
  check_label(start.name, "name");
  if (const std::string fault = sandbox::request_fault(start.request); !fault.empty()) {
    throw PluginError(BH_INVALID_ARGUMENT, fault);
  }
  const std::string launcher = launcher_();
  make_folders(folder_);
  // One start at a time: who holds this lock knows that no other host is between intent and start.
  const wire::UniqueFd turn = take_turn(call, folder_);
  if (take_place(call, start)) return;
  KeepReport report;
  try {
    report = sandbox::start_keeper(launcher, path_of(start.key), start.request);
  } catch (const sandbox::LaunchError& error) {
    remove_failed(path_of(start.key));
    throw PluginError(BH_INTERNAL, error.what());
  }
  if (report.outcome != KeepReport::failed) return;
  remove_failed(path_of(start.key));
  const auto stage = static_cast<sandbox::Stage>(report.stage);
  const bool refused = sandbox::is_namespace_stage(stage) || stage == sandbox::Stage::limits;
  throw PluginError(refused ? BH_UNSUPPORTED : BH_INTERNAL, sandbox::keep_failure(report));
}

bool CommandStore::take_place(const sdk::Call& call, const Start& start) const {
  const std::string path = path_of(start.key);
  for (;;) {
    const wire::UniqueFd folder = open_folder(path);
    if (!folder) break;
    if (sandbox::has_file(folder.get(), sandbox::kStartedFile)) {
      const bool same = reading_json([&] {
        return read_json(folder.get(), sandbox::kIntentFile).at("request_sha256") ==
               request_hash(start);
      });
      if (same) return true;
      throw PluginError(BH_DATA_INVALID, "A command with the key \"" + start.key +
                                             "\" was started with another request; use another "
                                             "key, or destroy that one first.");
    }
    // A host died between intent and start. Its keeper may just be coming up: then the lock is
    // held, and shortly there is the mark or no lock.
    if (remove_unstarted(path)) break;
    sleep_a_little(call);
  }
  if (names_below(folder_).size() >= kMaxCommands) {
    throw PluginError(BH_RESOURCE_EXHAUSTED, "There are " + std::to_string(kMaxCommands) +
                                                 " commands in " + folder_ +
                                                 ", which is the limit; destroy some first.");
  }
  write_intent(start);
  return false;
}

void CommandStore::write_intent(const Start& start) const {
  const nlohmann::json intent = {{"version", 1},
                                 {"key", start.key},
                                 {"tag", start.tag},
                                 {"name", start.name},
                                 {"program", printable(start.request.arguments.front())},
                                 {"request_sha256", request_hash(start)},
                                 {"log_limit", start.request.log_bytes}};
  make_job_folder(folder_, start.key, intent.dump(1));
}

void CommandStore::find(std::string_view key) const { open_started(key); }

CommandStatus CommandStore::status(std::string_view key) const {
  const wire::UniqueFd folder = open_started(key);
  return reading_json([&] { return read_status(folder.get()); });
}

CommandLog CommandStore::logs(const sdk::Call& call, std::string_view key, std::uint64_t after,
                              std::uint64_t max_bytes, nanoseconds wait) const {
  const wire::UniqueFd folder = open_started(key);
  if (max_bytes == 0 || max_bytes > BH_COMMANDS_MAX_LOG) max_bytes = BH_COMMANDS_MAX_LOG;
  const auto begin = Clock::now();
  for (;;) {
    // Before the log is read: then nothing can have come between the two.
    const bool kept = sandbox::is_claimed(folder.get());
    const bool ended = !kept || sandbox::has_file(folder.get(), sandbox::kEndFile);
    CommandLog log;
    log.bytes = read_part(folder.get(), sandbox::kLogFile, after, max_bytes);
    log.next = after + log.bytes.size();
    log.ended = ended && log.next >= size_of(folder.get(), sandbox::kLogFile);
    if (!log.bytes.empty() || log.ended || Clock::now() - begin >= wait) return log;
    sleep_a_little(call);
  }
}

void CommandStore::stop(std::string_view key, nanoseconds grace) const {
  const wire::UniqueFd folder = open_started(key);
  sandbox::stop_command(folder.get(), std::min(grace, kLongestGrace));
}

bool CommandStore::destroy(const sdk::Call& call, std::string_view key) const {
  const std::string path = path_of(key);
  // As long as a keeper needs to kill and write down; after that the caller asks again.
  const auto until = Clock::now() + std::chrono::seconds(10);
  for (;;) {
    const wire::UniqueFd folder = open_folder(path);
    if (!folder || remove_job(path)) return true;
    sandbox::stop_command(folder.get(), nanoseconds(0));
    if (Clock::now() >= until) return false;
    sleep_a_little(call);
  }
}

std::vector<OwnedCommand> CommandStore::list(std::string_view tag) const {
  std::vector<OwnedCommand> owned;
  for (const std::string& key : names_below(folder_)) {
    const wire::UniqueFd folder = open_folder(folder_ + "/" + key);
    if (!folder || !sandbox::has_file(folder.get(), sandbox::kStartedFile)) continue;
    try {
      const nlohmann::json intent = read_json(folder.get(), sandbox::kIntentFile);
      if (intent.at("tag") != tag) continue;
      const CommandStatus status = status_or_lost(folder.get());
      owned.push_back({key, intent.at("name").get<std::string>(), status.state, status.reason,
                       status.exit_code});
    } catch (const PluginError&) {
      continue;  // being destroyed, or nobody can say whose it is
    } catch (const nlohmann::json::exception&) {
      continue;
    }
  }
  return owned;
}

}  // namespace bulkhead::host
