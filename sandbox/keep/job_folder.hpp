// The folder of one command: its files, and the lock that proves that somebody keeps it. Who is
// alive is never concluded from a process number, which the kernel gives out again.
//
//   intent.json   written whole before anything starts
//   lock          held (an open-file-description lock) by the keeper as long as it lives
//   started.json  written whole by the keeper before the command runs: it is never run again
//   log           standard output and error, up to the limit
//   end.json      the end sentinel, written whole when the command has ended
//   control       a socket of the keeper: "stop"
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "sdk/wire/unique_fd.hpp"

namespace bulkhead::sandbox {

constexpr const char* kIntentFile = "intent.json";
constexpr const char* kLockFile = "lock";
constexpr const char* kStartedFile = "started.json";
constexpr const char* kLogFile = "log";
constexpr const char* kEndFile = "end.json";
constexpr const char* kControlSocket = "control";

// Takes the lock of the folder. Nothing: somebody holds it, or the folder is being removed.
wire::UniqueFd claim(int folder);
// Whether somebody holds the lock, without taking it.
bool is_claimed(int folder);

bool has_file(int folder, const char* name);
// Temporary file, fsync, rename, fsync of the folder. An errno, or 0.
int write_whole(int folder, const char* name, std::string_view text);

// A datagram to the control socket.
struct StopMessage {
  std::uint32_t version = 1;
  std::uint32_t reserved = 0;
  std::int64_t grace_ns = 0;
};

// What a keeper tells the host that started it, through a pipe.
struct KeepReport {
  enum Outcome : std::uint32_t {
    started = 1,
    kept_already = 2,  // by another keeper, now or earlier
    failed = 3         // nothing was started
  };
  std::uint32_t outcome = failed;
  std::uint32_t stage = 0;  // Stage
  std::int32_t error = 0;   // errno
};

}  // namespace bulkhead::sandbox
