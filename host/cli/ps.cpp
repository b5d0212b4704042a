// bulkhead ps: asks every running host of this user for its status.
//
// A control socket is a file that anyone may put where we look, and behind it may sit a program
// that never answers, or never stops: owner, time and size are checked.
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <optional>
#include <nlohmann/json.hpp>

#include "commands.hpp"
#include "failure.hpp"
#include "host/policy/policy.hpp"
#include "sdk/wire/unique_fd.hpp"
#include "session.hpp"

namespace bulkhead::cli {
namespace {

using nlohmann::ordered_json;
using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kPatience{3000};
constexpr std::size_t kLargestAnswer = std::size_t{16} << 20;
constexpr unsigned kDeepestAnswer = 16;
constexpr std::time_t kYoung = 2;  // seconds: a host may be between bind and listen

// One host that is being asked.
struct Peer {
  std::string socket;  // file name
  wire::UniqueFd connection;
  bool ended = false;  // answered, or given up
  std::string answer;
  std::string problem;

  void give_up(std::string reason) {
    problem = std::move(reason);
    ended = true;
    connection.reset();
  }
};

std::string system_words(int error_number) { return std::strerror(error_number); }

// The runtime folder, or nothing where no host ever ran. A Failure where it is not safe to use.
wire::UniqueFd open_folder(const std::string& path) {
  wire::UniqueFd folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!folder) {
    if (errno == ENOENT) return {};
    throw file_failure("read the runtime folder", path, errno);
  }
  struct stat facts {};
  if (::fstat(folder.get(), &facts) != 0)
    throw file_failure("read the runtime folder", path, errno);
  if (facts.st_uid != ::geteuid() || (facts.st_mode & (S_IWGRP | S_IWOTH)) != 0)
    throw Failure(Exit::denied, "permission_denied",
                  "the runtime folder \"" + path +
                      "\" belongs to another user or others can write to it, so what is in it "
                      "can't be trusted. Remove it, or point XDG_RUNTIME_DIR to a folder of "
                      "your own.");
  return folder;
}

// The process in "host-PID.sock", or nothing for another file.
std::optional<pid_t> process_of(std::string_view name) {
  constexpr std::string_view kBegin = "host-", kEnd = ".sock";
  if (!name.starts_with(kBegin) || !name.ends_with(kEnd)) return std::nullopt;
  name = name.substr(kBegin.size());
  if (name.size() <= kEnd.size()) return std::nullopt;
  name.remove_suffix(kEnd.size());
  pid_t process = 0;
  const auto [stop, error] = std::from_chars(name.data(), name.data() + name.size(), process);
  // A host may have several sockets: "host-17-2.sock".
  if (error != std::errc() || process <= 0 || (stop != name.data() + name.size() && *stop != '-'))
    return std::nullopt;
  return process;
}

std::vector<std::string> socket_names(int folder) {
  std::vector<std::string> names;
  const std::unique_ptr<DIR, int (*)(DIR*)> list(::fdopendir(::fcntl(folder, F_DUPFD_CLOEXEC, 3)),
                                                 ::closedir);
  if (!list) return names;
  while (const dirent* entry = ::readdir(list.get()))
    if (process_of(entry->d_name)) names.emplace_back(entry->d_name);
  std::sort(names.begin(), names.end(), [](const std::string& a, const std::string& b) {
    return std::pair(*process_of(a), a) < std::pair(*process_of(b), b);
  });
  return names;
}

// Nobody listens: the host was killed and could not clean up.
void remove_stale(int folder, const std::string& name) {
  struct stat facts {};
  if (::fstatat(folder, name.c_str(), &facts, AT_SYMLINK_NOFOLLOW) != 0) return;
  if (!S_ISSOCK(facts.st_mode) || facts.st_uid != ::geteuid()) return;
  const bool alive = ::kill(*process_of(name), 0) == 0 || errno == EPERM;
  if (alive && std::time(nullptr) - facts.st_mtime < kYoung) return;
  ::unlinkat(folder, name.c_str(), 0);
}

// Starts to connect. False: nobody listens.
bool reach(Peer& peer, int folder) {
  peer.connection.reset(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!peer.connection) return peer.give_up(system_words(errno)), true;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  // Through the open folder: its path may be longer than an address, and may be swapped.
  const std::string path = "/proc/self/fd/" + std::to_string(folder) + "/" + peer.socket;
  if (path.size() >= sizeof address.sun_path) return peer.give_up("its name is too long"), true;
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  if (::connect(peer.connection.get(), reinterpret_cast<const sockaddr*>(&address),
                sizeof address) != 0) {
    if (errno == ECONNREFUSED || errno == ENOENT) return false;
    if (errno == EAGAIN) return peer.give_up("it does not accept connections"), true;
    return peer.give_up(system_words(errno)), true;
  }
  ucred owner{};
  socklen_t size = sizeof owner;
  if (::getsockopt(peer.connection.get(), SOL_SOCKET, SO_PEERCRED, &owner, &size) != 0)
    return peer.give_up(system_words(errno)), true;
  if (owner.uid != ::geteuid()) peer.give_up("it belongs to user " + std::to_string(owner.uid));
  return true;
}

void receive(Peer& peer) {
  char bytes[64 << 10];
  for (;;) {
    const ssize_t got = ::read(peer.connection.get(), bytes, sizeof bytes);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (got < 0) return peer.give_up(system_words(errno));
    if (got == 0) {
      peer.ended = true;
      peer.connection.reset();
      return;
    }
    peer.answer.append(bytes, static_cast<std::size_t>(got));
    if (peer.answer.size() > kLargestAnswer)
      return peer.give_up("its answer is larger than 16 MiB");
  }
}

// All at once: a hundred hosts that hang take no longer than one.
void collect(std::vector<Peer>& peers, const Interrupts& interrupts) {
  const Clock::time_point end = Clock::now() + kPatience;
  for (;;) {
    interrupts.check();
    std::vector<pollfd> wait;
    std::vector<Peer*> asked;
    for (Peer& peer : peers) {
      if (peer.ended) continue;
      wait.push_back({peer.connection.get(), POLLIN, 0});
      asked.push_back(&peer);
    }
    if (asked.empty()) return;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now());
    wait.push_back({interrupts.descriptor(), POLLIN, 0});
    if (left.count() > 0) ::poll(wait.data(), wait.size(), static_cast<int>(left.count()));
    for (std::size_t i = 0; i < asked.size(); ++i)
      if (wait[i].revents != 0) receive(*asked[i]);
    if (left.count() > 0) continue;
    for (Peer* peer : asked)
      if (!peer->ended) peer->give_up("it did not answer within a second");
  }
}

// The status document of a host, or nothing where it is none.
std::optional<ordered_json> parse_status(const std::string& text) {
  bool too_deep = false;
  const auto guard = [&](int depth, ordered_json::parse_event_t, ordered_json&) {
    if (depth > static_cast<int>(kDeepestAnswer)) too_deep = true;
    return !too_deep;
  };
  ordered_json document = ordered_json::parse(text, guard, false);
  if (too_deep || !document.is_object() || !document.contains("pid") ||
      !document["pid"].is_number_integer())
    return std::nullopt;
  return document;
}

std::string field(const ordered_json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || found->is_null()) return "-";
  if (found->is_string()) return found->get<std::string>();
  return found->dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

std::string memory(const ordered_json& plugin) {
  for (const char* key : {"private_kib", "rss_kib"})
    if (const auto found = plugin.find(key);
        found != plugin.end() && found->is_number() && found->get<double>() > 0)
      return bytes_text(found->get<double>() * 1024);
  return "-";
}

void show(Output& output, const std::vector<ordered_json>& hosts) {
  Table table({"PID", "HOST", "PLUGIN", "ISOLATION", "LEVEL", "PROCESS", "STATE", "CALLS", "ERRORS",
               "IN FLIGHT", "RESTARTS", "MEMORY"});
  for (const ordered_json& host : hosts) {
    const auto plugins = host.find("plugins");
    if (plugins == host.end() || !plugins->is_array() || plugins->empty()) {
      table.add({field(host, "pid"), field(host, "name"), "-", "-", "-", "-", "-", "-", "-", "-",
                 "-", "-"});
      continue;
    }
    for (const ordered_json& plugin : *plugins) {
      if (!plugin.is_object()) continue;
      table.add({field(host, "pid"), field(host, "name"),
                 field(plugin, "id") + " " + field(plugin, "version"), field(plugin, "isolation"),
                 field(plugin, "level"), field(plugin, "process"), field(plugin, "state"),
                 field(plugin, "calls"), field(plugin, "errors"), field(plugin, "in_flight"),
                 field(plugin, "restarts"), memory(plugin)});
    }
  }
  table.print(output);
}

}  // namespace

void ps(Session& session) {
  const std::string path =
      policy::runtime_folder([](const char* name) -> const char* { return std::getenv(name); });
  const wire::UniqueFd folder = open_folder(path);
  std::vector<Peer> peers;
  if (folder) {
    for (const std::string& name : socket_names(folder.get())) {
      Peer peer;
      peer.socket = name;
      if (reach(peer, folder.get()))
        peers.push_back(std::move(peer));
      else
        remove_stale(folder.get(), name);
    }
  }
  collect(peers, session.interrupts);

  std::vector<ordered_json> hosts;
  for (Peer& peer : peers) {
    if (!peer.problem.empty()) continue;
    if (auto status = parse_status(peer.answer))
      hosts.push_back(std::move(*status));
    else
      peer.problem = "its answer is no status document";
  }
  for (const Peer& peer : peers)
    if (!peer.problem.empty())
      session.progress.line("bulkhead: warning: the host behind " + printable(peer.socket) +
                            " was left out: " + peer.problem);

  if (session.output.json()) {
    ordered_json document;
    document["hosts"] = hosts;
    document["unreachable"] = ordered_json::array();
    for (const Peer& peer : peers)
      if (!peer.problem.empty())
        document["unreachable"].push_back({{"socket", peer.socket}, {"reason", peer.problem}});
    return session.output.document(document);
  }
  if (hosts.empty()) return session.progress.line("bulkhead: no host is running.");
  show(session.output, hosts);
}

}  // namespace bulkhead::cli
