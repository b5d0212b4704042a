#include "sandbox/keep/output_log.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>

#include "sandbox/keep/job_folder.hpp"
#include "sandbox/launch/step.hpp"

namespace bulkhead::sandbox {
namespace {

constexpr std::size_t kPiece = 65'536;

}  // namespace

OutputLog::OutputLog(int folder, std::uint64_t limit)
    : file_(step(
          Stage::descriptors,
          openat(folder, kLogFile, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600))),
      limit_(limit) {}

bool OutputLog::take(int pipe) {
  char piece[kPiece];
  // Not for ever: a command that prints without end must not keep the keeper from its clock.
  for (int i = 0; i < 16; ++i) {
    const ssize_t got = read(pipe, piece, sizeof piece);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return errno == EAGAIN;
    if (got == 0) return false;
    add({piece, static_cast<std::size_t>(got)});
  }
  return true;
}

void OutputLog::add(std::string_view bytes) {
  while (!bytes.empty() && !full_) {
    const auto room = static_cast<std::size_t>(std::min<std::uint64_t>(limit_ - written_, kPiece));
    if (room == 0) break;
    const ssize_t done = write(file_.get(), bytes.data(), std::min(room, bytes.size()));
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) break;  // the disk is full
    written_ += static_cast<std::uint64_t>(done);
    bytes.remove_prefix(static_cast<std::size_t>(done));
  }
  if (bytes.empty()) return;
  full_ = true;
  dropped_ += bytes.size();
}

void OutputLog::finish() {
  if (dropped_ != 0) {
    const std::string note = "\n[" + std::to_string(dropped_) +
                             " more bytes are not here: the log's limit is reached, or the disk "
                             "was full]\n";
    if (const ssize_t done = write(file_.get(), note.data(), note.size()); done > 0) {
      written_ += static_cast<std::uint64_t>(done);
    }
  }
  fsync(file_.get());
}

}  // namespace bulkhead::sandbox
