#include "sandbox/launch/protocol.hpp"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include <algorithm>

namespace bulkhead::sandbox {
namespace {

constexpr std::size_t kMaxPacket = std::max({sizeof(Spawn), sizeof(Spawned), sizeof(Exited)});
constexpr std::size_t kControlSize = CMSG_SPACE(sizeof(int) * kMaxPacketDescriptors);

void take_descriptors(msghdr& message, std::vector<wire::UniqueFd>& out) {
  for (cmsghdr* part = CMSG_FIRSTHDR(&message); part != nullptr;
       part = CMSG_NXTHDR(&message, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int descriptor = -1;
      memcpy(&descriptor, CMSG_DATA(part) + i * sizeof(int), sizeof descriptor);
      out.emplace_back(descriptor);
    }
  }
}

}  // namespace

const MessageHeader* Packet::header() const {
  if (bytes.size() < sizeof(MessageHeader)) return nullptr;
  const auto* header = reinterpret_cast<const MessageHeader*>(bytes.data());
  return header->magic == kProtocolMagic ? header : nullptr;
}

int send_packet(int socket, std::span<const std::byte> bytes, std::span<const int> descriptors) {
  iovec part{const_cast<std::byte*>(bytes.data()), bytes.size()};
  alignas(cmsghdr) char control[kControlSize] = {};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  if (!descriptors.empty()) {
    if (descriptors.size() > kMaxPacketDescriptors) return EINVAL;
    message.msg_control = control;
    message.msg_controllen = CMSG_SPACE(descriptors.size_bytes());
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(descriptors.size_bytes());
    memcpy(CMSG_DATA(header), descriptors.data(), descriptors.size_bytes());
  }
  for (;;) {
    if (sendmsg(socket, &message, MSG_NOSIGNAL) >= 0) return 0;
    if (errno != EINTR) return errno;
  }
}

std::optional<Packet> receive_packet(int socket) {
  Packet packet;
  packet.bytes.resize(kMaxPacket);
  iovec part{packet.bytes.data(), packet.bytes.size()};
  alignas(cmsghdr) char control[kControlSize];
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  ssize_t size = 0;
  do {
    size = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
  } while (size < 0 && errno == EINTR);
  if (size <= 0) return std::nullopt;
  take_descriptors(message, packet.descriptors);
  packet.bytes.resize(static_cast<std::size_t>(size));
  return packet;
}

}  // namespace bulkhead::sandbox
