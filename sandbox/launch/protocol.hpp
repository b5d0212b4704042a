// Messages between a host and its launcher: fixed structs over SOCK_SEQPACKET, one message a
// packet, descriptors by SCM_RIGHTS. Both ends come from the same build or refuse each other at
// hello.
//
//   launcher -> host   Hello, once
//   host -> launcher   Spawn + {socket, log}      the cell's ends; the sender keeps its own
//   launcher -> host   Spawned + {pidfd} | Failed  same token
//   launcher -> host   Exited                      same token; after Spawned, once for each cell
//
// The host closing its end (or dying) ends the launcher, and with it every cell.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <type_traits>
#include <vector>

#include "sandbox/policy/facts.hpp"
#include "sandbox/policy/stage.hpp"
#include "sdk/wire/unique_fd.hpp"

namespace bulkhead::sandbox {

constexpr std::uint32_t kProtocolMagic = 0x4b484c42;  // "BLHK"
constexpr std::uint32_t kProtocolVersion = 3;
constexpr int kControlDescriptor = 3;  // where the launcher finds its socket
constexpr std::size_t kPathSize = 4096;
constexpr std::size_t kEntrySize = 1024;
constexpr std::size_t kInterpreterSize = 32;

enum class MessageKind : std::uint32_t { hello = 1, spawn, spawned, failed, exited };

struct MessageHeader {
  std::uint32_t magic = kProtocolMagic;
  std::uint32_t version = kProtocolVersion;
  MessageKind kind{};
  std::uint32_t size = 0;   // of the whole struct
  std::uint64_t token = 0;  // the host's number of the request, and so of the cell
};

struct Hello {
  static constexpr MessageKind kKind = MessageKind::hello;
  MessageHeader header;
  std::uint32_t has_sanitizers = 0;
  std::uint32_t reserved = 0;
};

struct Spawn {
  static constexpr MessageKind kKind = MessageKind::spawn;
  MessageHeader header;
  std::uint64_t memory_bytes = 0;
  std::uint32_t threads = 0;
  std::uint32_t descriptors = 0;
  std::uint32_t profile = 0;
  std::uint32_t probe = 0;                  // the cell ends at once instead of serving; no package
  char package[kPathSize] = {};             // absolute, terminated; empty for a probe
  char entry[kEntrySize] = {};              // of an executable, below the package; empty: a library
  char interpreter[kInterpreterSize] = {};  // a name; empty: the entry itself is executed
  char core_folder[kPathSize] = {};         // of a development cell; empty: no core dumps
};

struct Spawned {
  static constexpr MessageKind kKind = MessageKind::spawned;
  MessageHeader header;
  std::int32_t pid = 0;  // of the cell proper, as the launcher's pid namespace sees it
  std::uint32_t finding_count = 0;
  Finding findings[kMaxFindings] = {};
  char root[kPathSize] = {};
};

struct Failed {
  static constexpr MessageKind kKind = MessageKind::failed;
  MessageHeader header;
  Stage stage = Stage::none;
  std::int32_t error = 0;
};

struct Exited {
  static constexpr MessageKind kKind = MessageKind::exited;
  MessageHeader header;
  std::int32_t wait_status = 0;
  std::uint32_t reserved = 0;
  std::uint64_t cpu_microseconds = 0;
  std::uint64_t max_rss_kib = 0;
};

// One packet as received.
struct Packet {
  std::vector<std::byte> bytes;
  std::vector<wire::UniqueFd> descriptors;

  // The message if it is one of this kind, whole and of this version.
  template <typename Message>
  const Message* as() const {
    static_assert(std::is_trivially_copyable_v<Message>);
    if (bytes.size() != sizeof(Message)) return nullptr;
    const auto* message = reinterpret_cast<const Message*>(bytes.data());
    const MessageHeader& header = message->header;
    const bool fits = header.magic == kProtocolMagic && header.version == kProtocolVersion &&
                      header.kind == Message::kKind && header.size == sizeof(Message);
    return fits ? message : nullptr;
  }
  const MessageHeader* header() const;  // null: too short or another magic
};

constexpr std::size_t kMaxPacketDescriptors = 4;

// 0 or an errno.
int send_packet(int socket, std::span<const std::byte> bytes, std::span<const int> descriptors);

template <typename Message>
int send_message(int socket, Message& message, std::span<const int> descriptors = {}) {
  message.header.kind = Message::kKind;
  message.header.size = sizeof(Message);
  return send_packet(socket, std::as_bytes(std::span(&message, 1)), descriptors);
}

// Waits for a packet. Nothing: the other end closed, or the socket failed.
std::optional<Packet> receive_packet(int socket);

}  // namespace bulkhead::sandbox
