#include "sandbox/keep/end_file.hpp"

#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <string>

#include "sandbox/keep/job_folder.hpp"
#include "sandbox/launch/step.hpp"

namespace bulkhead::sandbox {
namespace {

constexpr const char* kReserved = "end.json.tmp";
constexpr std::size_t kSize = 4096;

void put_blanks(int file) {
  const std::string blanks(kSize, ' ');
  step(Stage::descriptors, pwrite(file, blanks.data(), blanks.size(), 0));
  step(Stage::descriptors, fsync(file));
}

}  // namespace

std::int64_t now_ns() {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

EndFile::EndFile(int folder)
    : folder_(folder),
      file_(step(
          Stage::descriptors,
          openat(folder, kReserved, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600))) {
  put_blanks(file_.get());
}

int EndFile::commit(const CommandEnd& end) {
  char text[kSize];
  const int size = snprintf(
      text, sizeof text,
      "{\"version\": 1, \"reason\": \"%s\", \"exit_code\": %d, \"error\": %d,\n"
      " \"started_at\": %lld, \"ended_at\": %lld,\n"
      " \"cpu_microseconds\": %llu, \"max_rss_kib\": %llu,\n"
      " \"log_bytes\": %llu, \"log_dropped\": %llu}\n",
      end.reason, end.exit_code, end.error, static_cast<long long>(end.started_at),
      static_cast<long long>(end.ended_at), static_cast<unsigned long long>(end.cpu_microseconds),
      static_cast<unsigned long long>(end.max_rss_kib),
      static_cast<unsigned long long>(end.log_bytes),
      static_cast<unsigned long long>(end.log_dropped));
  if (size < 0 || static_cast<std::size_t>(size) >= sizeof text) return EOVERFLOW;
  if (pwrite(file_.get(), text, static_cast<std::size_t>(size), 0) != size) return errno;
  if (fsync(file_.get()) != 0) return errno;
  if (renameat(folder_, kReserved, folder_, kEndFile) != 0) return errno;
  return fsync(folder_) != 0 ? errno : 0;
}

}  // namespace bulkhead::sandbox
