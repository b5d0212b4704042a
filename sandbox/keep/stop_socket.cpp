#include "sandbox/keep/stop_socket.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "sandbox/keep/job_folder.hpp"
#include "sandbox/launch/step.hpp"

namespace bulkhead::sandbox {

// Datagrams: no client can keep the keeper waiting, and none has to stay.
StopSocket::StopSocket() {
  socket_.reset(
      step(Stage::descriptors, socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strcpy(address.sun_path, kControlSocket);
  unlink(kControlSocket);
  step(Stage::descriptors,
       bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address));
}

std::optional<std::chrono::nanoseconds> StopSocket::take() {
  std::optional<std::chrono::nanoseconds> shortest;
  StopMessage message;
  for (;;) {
    const ssize_t got = recv(socket_.get(), &message, sizeof message, MSG_TRUNC);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return shortest;
    if (got != static_cast<ssize_t>(sizeof message) || message.version != 1) continue;
    const std::chrono::nanoseconds grace(std::max<std::int64_t>(message.grace_ns, 0));
    shortest = shortest ? std::min(*shortest, grace) : grace;
  }
}

}  // namespace bulkhead::sandbox
