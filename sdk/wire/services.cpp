#include "sdk/wire/services.hpp"

#include <time.h>

#include <algorithm>

#include "sdk/wire/call_context.hpp"

namespace bulkhead::wire {
namespace {

constexpr std::int64_t kLook = 5'000'000;  // nanoseconds between two looks of a sleeping call

std::string_view view(bh_text text) {
  return text.size == 0 ? std::string_view() : std::string_view(text.data, text.size);
}

// ---- files

FileStore& store(const bh_files_v1* self) { return *static_cast<const FilesTable*>(self)->store; }

bh_status settle(bh_call* call, const FileOutcome& outcome) {
  if (outcome.status != BH_OK) {
    call->fn->fail(call, {outcome.message.data(), outcome.message.size()});
  }
  return outcome.status;
}

bh_status too_much(bh_call* call, std::size_t size) {
  return settle(call, {BH_INVALID_ARGUMENT, "one transfer carries at most " +
                                                std::to_string(BH_FILES_MAX_TRANSFER) +
                                                " bytes, not " + std::to_string(size)});
}

bh_status open_file(const bh_files_v1* self, bh_call* call, bh_text name, std::uint64_t* handle,
                    std::uint64_t* size) {
  if (const bh_status stop = call->fn->should_stop(call); stop != BH_OK) return stop;
  return settle(call, store(self).open(view(name), *handle, *size));
}

bh_status read_file(const bh_files_v1* self, bh_call* call, std::uint64_t handle,
                    std::uint64_t offset, void* buffer, std::size_t size, std::size_t* got) {
  if (const bh_status stop = call->fn->should_stop(call); stop != BH_OK) return stop;
  if (size > BH_FILES_MAX_TRANSFER) return too_much(call, size);
  return settle(call,
                store(self).read(handle, offset, {static_cast<std::byte*>(buffer), size}, *got));
}

bh_status create_file(const bh_files_v1* self, bh_call* call, bh_text name, std::uint64_t* handle) {
  if (const bh_status stop = call->fn->should_stop(call); stop != BH_OK) return stop;
  return settle(call, store(self).create(view(name), *handle));
}

bh_status write_file(const bh_files_v1* self, bh_call* call, std::uint64_t handle,
                     const void* bytes, std::size_t size) {
  if (const bh_status stop = call->fn->should_stop(call); stop != BH_OK) return stop;
  if (size > BH_FILES_MAX_TRANSFER) return too_much(call, size);
  return settle(call, store(self).write(handle, {static_cast<const std::byte*>(bytes), size}));
}

bh_status commit_file(const bh_files_v1* self, bh_call* call, std::uint64_t handle) {
  if (const bh_status stop = call->fn->should_stop(call); stop != BH_OK) return stop;
  return settle(call, store(self).commit(handle));
}

void close_file(const bh_files_v1* self, std::uint64_t handle) { store(self).close(handle); }

// ---- clock

std::int64_t now(const bh_clock_v1*) {
  timespec time{};
  clock_gettime(CLOCK_REALTIME, &time);
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

std::int64_t monotonic(const bh_clock_v1*) { return monotonic_now(); }

bh_status sleep(const bh_clock_v1*, bh_call* call, std::int64_t nanoseconds) {
  const std::int64_t until = monotonic_now() + std::max<std::int64_t>(nanoseconds, 0);
  while (true) {
    if (const bh_status stop = call->fn->should_stop(call); stop != BH_OK) return stop;
    const std::int64_t left = std::min(until - monotonic_now(), kLook);
    if (left <= 0) return BH_OK;
    const timespec pause = {0, left};
    nanosleep(&pause, nullptr);
  }
}

constexpr bh_clock_v1 kClock = {sizeof(bh_clock_v1), 0, now, monotonic, sleep};

}  // namespace

Services::Services(std::shared_ptr<PackageData> package, LogLine log,
                   std::shared_ptr<FileStore> files, std::span<const LentService> lent)
    : bh_services{sizeof(bh_services), 0, &Services::find},
      package_(std::move(package)),
      log_{{sizeof(bh_log_v1), 0,
            [](const bh_log_v1* self, std::uint32_t level, bh_text line) {
              static_cast<const Log*>(self)->line(level, view(line));
            }},
           std::move(log)},
      files_{{sizeof(bh_files_v1), 0, open_file, read_file, create_file, write_file, commit_file,
              close_file},
             std::move(files)} {
  for (const LentService& service : lent) {
    given_.emplace(service.binding->interface.name, service.binding->give(service.port));
  }
}

bool Services::has(std::string_view name) {
  return name == BH_LOG_1 || name == BH_PACKAGE_1 || name == BH_FILES_1 || name == BH_CLOCK_1 ||
         find_service(name) != nullptr;
}

const void* Services::find(const bh_services* services, const char* name) {
  const auto* self = static_cast<const Services*>(services);
  const std::string_view wanted = name == nullptr ? "" : name;
  if (wanted == BH_LOG_1) return static_cast<const bh_log_v1*>(&self->log_);
  if (wanted == BH_PACKAGE_1) return static_cast<const bh_package_v1*>(self->package_.get());
  if (wanted == BH_FILES_1) return static_cast<const bh_files_v1*>(&self->files_);
  if (wanted == BH_CLOCK_1) return &kClock;
  const auto given = self->given_.find(wanted);
  return given == self->given_.end() ? nullptr : given->second->table();
}

}  // namespace bulkhead::wire
