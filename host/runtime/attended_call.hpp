// A call in process that runs on a thread of the host while its caller watches the time: the caller
// gets an answer in time even from a plugin that gives none.
#pragma once

#include <capnp/message.h>

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "host/runtime/ticket.hpp"
#include "host/runtime/workers.hpp"
#include "sdk/wire/plugin_object.hpp"

namespace bulkhead::host {

class Attendance;

class AttendedCall : public std::enable_shared_from_this<AttendedCall>,
                     private wire::CallSink,
                     private wire::CallContext::Waker {
 public:
  // Admits the call and writes its params. Null: the context says why, `status` is set.
  static std::shared_ptr<AttendedCall> make(PluginState& plugin, wire::CallContext& caller,
                                            std::shared_ptr<wire::PluginObject> object,
                                            const char* interface, std::uint16_t method,
                                            const wire::WriteParams& write, bh_status& status);
  ~AttendedCall() override;

  // Runs the call and waits for it.
  bh_status call(Workers& workers, std::shared_ptr<Attendance> attendance,
                 const wire::ReadResults& read);
  // Starts it; `done` runs on the loop's thread. Not BH_OK: it never will.
  bh_status submit(Workers& workers, std::shared_ptr<Attendance> attendance, wire::ReadResults read,
                   bh_completion done);

  // On the loop's thread: does what is due; returns when to look again, 0: never.
  std::int64_t look();
  // The host closes: the call is asked to stop.
  void stop();
  // It did not: its caller gets its answer now. An asynchronous one: on the loop's thread.
  void give_up();

 private:
  AttendedCall(PluginState& plugin, wire::CallContext& caller,
               std::shared_ptr<wire::PluginObject> object, const char* interface,
               std::uint16_t method);
  void progress(std::uint64_t done, std::uint64_t total) override;
  void log(std::uint32_t level, std::string_view line) override;
  void wake() override;

  bool start(Workers& workers);
  void run();
  std::int64_t check_time();
  bh_status abandon();
  bh_status outcome(const wire::ReadResults& read);
  void tell_progress();
  void complete();
  void finish(bh_status status);

  PluginState& plugin_;
  wire::CallContext* const caller_;  // not touched once abandoned_, nor after the completion
  const std::shared_ptr<wire::PluginObject> object_;
  const std::shared_ptr<PluginLog> log_;
  const std::string interface_;
  const std::uint16_t method_;
  const std::int64_t timeout_, grace_;
  const std::int64_t deadline_;
  std::optional<Ticket> ticket_;

  // The worker's, until done_.
  wire::CallContext context_;
  struct Messages {
    capnp::MallocMessageBuilder params, results;
  };
  const std::unique_ptr<Messages> messages_ = std::make_unique<Messages>();
  bh_status status_ = BH_OK;

  std::mutex mutex_;
  std::condition_variable changed_;
  bool done_ = false, abandoned_ = false, finished_ = false, progressed_ = false;
  std::uint64_t progress_done_ = 0, progress_total_ = 0;
  std::int64_t give_up_at_ = 0;  // not 0: the plugin was asked to stop
  Workers* workers_ = nullptr;

  std::shared_ptr<Attendance> attendance_;

  // Asynchronous calls.
  bool asynchronous_ = false;
  wire::ReadResults read_;
  bh_completion completion_{};
};

// The attended calls of one plugin, and the one timer that watches over the asynchronous ones.
class Attendance : public std::enable_shared_from_this<Attendance> {
 public:
  explicit Attendance(Loop& loop) : loop_(loop) {}
  Loop& loop() { return loop_; }
  // `look_at` 0: the caller watches the time itself.
  void add(const std::shared_ptr<AttendedCall>& call, std::int64_t look_at);
  void remove(const AttendedCall* call);
  // Looks at all calls now. On the loop's thread.
  void look();
  void stop_all();
  void give_up_all();

 private:
  std::vector<std::shared_ptr<AttendedCall>> calls();
  void schedule(std::int64_t when);

  Loop& loop_;
  std::mutex mutex_;
  std::map<const AttendedCall*, std::shared_ptr<AttendedCall>> calls_;
  std::int64_t look_at_ = 0;
};

}  // namespace bulkhead::host
