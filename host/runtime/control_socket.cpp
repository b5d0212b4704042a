#include "host/runtime/control_socket.hpp"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <map>
#include <stdexcept>

#include "sdk/wire/call_context.hpp"

namespace bulkhead::host {
namespace {

constexpr std::size_t kMaxClients = 16;
constexpr std::int64_t kPatience = 2'000'000'000;  // nanoseconds for a client to take its answer

[[noreturn]] void refuse(const std::string& what, int error) {
  throw std::runtime_error(what + ": " + std::strerror(error) +
                           "; `bulkhead ps` will not find this host");
}

// A folder of our own: in /tmp anyone may have made one of that name.
void make_folder(const std::string& folder) {
  for (std::size_t slash = folder.find('/', 1);; slash = folder.find('/', slash + 1)) {
    const std::string part = folder.substr(0, slash);
    if (mkdir(part.c_str(), 0700) != 0 && errno != EEXIST) {
      refuse("the folder " + part + " can't be made", errno);
    }
    if (slash == std::string::npos) break;
  }
  struct stat status {};
  if (lstat(folder.c_str(), &status) != 0) refuse("the folder " + folder + " can't be read", errno);
  if (!S_ISDIR(status.st_mode) || status.st_uid != geteuid() || (status.st_mode & 022) != 0) {
    refuse("the folder " + folder + " belongs to another user or others can write to it", EPERM);
  }
}

}  // namespace

struct ControlSocket::Listener : std::enable_shared_from_this<Listener> {
  struct Client {
    wire::UniqueFd fd;
    std::string rest;
    std::uint64_t watch = 0;
  };

  Listener(Loop& of, std::function<std::string()> what) : loop(of), answer(std::move(what)) {}

  void accept_one() {
    wire::UniqueFd fd(accept4(socket.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!fd) return;
    ucred peer{};
    socklen_t size = sizeof peer;
    if (getsockopt(fd.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return;
    if (peer.uid != geteuid() && peer.uid != 0) return;
    if (clients.size() >= kMaxClients) return;
    const std::uint64_t id = ++last_client;
    Client& client = clients[id];
    client.fd = std::move(fd);
    client.rest = answer();
    client.watch =
        loop.watch(client.fd.get(), EPOLLOUT, [weak = weak_from_this(), id](std::uint32_t) {
          if (const auto self = weak.lock()) self->write_some(id);
        });
    loop.at(wire::monotonic_now() + kPatience, [weak = weak_from_this(), id] {
      if (const auto self = weak.lock()) self->drop(id);
    });
  }

  void write_some(std::uint64_t id) {
    const auto found = clients.find(id);
    if (found == clients.end()) return;
    Client& client = found->second;
    const ssize_t sent =
        send(client.fd.get(), client.rest.data(), client.rest.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (sent > 0) client.rest.erase(0, static_cast<std::size_t>(sent));
    if (sent < 0 || client.rest.empty()) drop(id);
  }

  void drop(std::uint64_t id) {
    const auto found = clients.find(id);
    if (found == clients.end()) return;
    loop.unwatch(found->second.watch);
    clients.erase(found);
  }

  Loop& loop;
  const std::function<std::string()> answer;
  std::string path;
  wire::UniqueFd socket;
  std::uint64_t watch = 0;
  std::uint64_t last_client = 0;
  std::map<std::uint64_t, Client> clients;  // loop thread only
};

ControlSocket::ControlSocket(const std::string& folder, Loop& loop,
                             std::function<std::string()> answer)
    : loop_(loop), listener_(std::make_shared<Listener>(loop, std::move(answer))) {
  make_folder(folder);
  Listener& listener = *listener_;
  listener.socket.reset(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!listener.socket) refuse("a control socket can't be made", errno);
  for (unsigned number = 1;; ++number) {
    const std::string path = folder + "/host-" + std::to_string(getpid()) +
                             (number > 1 ? "-" + std::to_string(number) : "") + ".sock";
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) refuse(path, ENAMETOOLONG);
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    if (bind(listener.socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) {
      listener.path = path;
      break;
    }
    if (errno != EADDRINUSE || number >= 1000) refuse(path, errno);
  }
  chmod(listener.path.c_str(), 0600);
  if (listen(listener.socket.get(), 16) != 0) refuse(listener.path, errno);
  listener.watch = loop.watch(listener.socket.get(), EPOLLIN,
                              [weak = std::weak_ptr<Listener>(listener_)](std::uint32_t) {
                                if (const auto self = weak.lock()) self->accept_one();
                              });
}

ControlSocket::~ControlSocket() {
  loop_.unwatch(listener_->watch);
  unlink(listener_->path.c_str());
}

}  // namespace bulkhead::host
