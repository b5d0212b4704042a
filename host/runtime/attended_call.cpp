#include "host/runtime/attended_call.hpp"

#include <kj/exception.h>

#include <vector>

#include "host/runtime/stop_text.hpp"

namespace bulkhead::host {

AttendedCall::AttendedCall(PluginState& plugin, wire::CallContext& caller,
                           std::shared_ptr<wire::PluginObject> object, const char* interface,
                           std::uint16_t method)
    : plugin_(plugin),
      caller_(&caller),
      object_(std::move(object)),
      log_(plugin.log),
      interface_(interface),
      method_(method),
      timeout_(caller.timeout() != 0 ? caller.timeout() : plugin.decision.limits.call_timeout),
      grace_(plugin.decision.limits.grace),
      deadline_(wire::monotonic_now() + timeout_) {
  ticket_.emplace(plugin_, caller);
  context_.id = caller.id;
  context_.deadline_ns = deadline_;
  context_.set_output_limit(caller.output_limit());
  context_.set_sink(this);
}

AttendedCall::~AttendedCall() = default;

std::shared_ptr<AttendedCall> AttendedCall::make(PluginState& plugin, wire::CallContext& caller,
                                                 std::shared_ptr<wire::PluginObject> object,
                                                 const char* interface, std::uint16_t method,
                                                 const wire::WriteParams& write,
                                                 bh_status& status) {
  std::shared_ptr<AttendedCall> call(
      new AttendedCall(plugin, caller, std::move(object), interface, method));
  if (!call->ticket_->admitted()) {
    status = BH_OVERLOADED;
    return nullptr;
  }
  if (caller.run() != 0 && caller.run() != wire::kFirstRun) {
    caller.fail("there is no such stream");
    status = BH_NOT_FOUND;
    return nullptr;
  }
  caller.set_run(wire::kFirstRun);
  try {
    write(call->messages_->params.getRoot<capnp::AnyPointer>());
  } catch (const kj::Exception& exception) {
    caller.fail(std::string("the call's message can't be built: ") +
                exception.getDescription().cStr());
    status = BH_RESOURCE_EXHAUSTED;
    return nullptr;
  }
  return call;
}

bool AttendedCall::start(Workers& workers) {
  workers_ = &workers;
  if (workers.run([self = shared_from_this()] { self->run(); })) return true;
  caller_->fail("the host is closed, or the system gives it no thread to run the call on");
  return false;
}

bh_status AttendedCall::call(Workers& workers, std::shared_ptr<Attendance> attendance,
                             const wire::ReadResults& read) {
  attendance_ = std::move(attendance);
  attendance_->add(shared_from_this(), 0);
  caller_->set_waker(this);
  bh_status status = BH_UNAVAILABLE;
  if (start(workers)) {
    std::unique_lock lock(mutex_);
    while (!done_ && !abandoned_) {
      if (progressed_) {
        progressed_ = false;
        const auto done = progress_done_, total = progress_total_;
        lock.unlock();
        if (wire::CallSink* sink = caller_->sink()) sink->progress(done, total);
        lock.lock();
        continue;
      }
      const std::int64_t until = check_time();
      if (until == 0) {
        status = abandon();
      } else {
        changed_.wait_until(lock,
                            std::chrono::steady_clock::time_point(std::chrono::nanoseconds(until)));
      }
    }
    const bool progressed = progressed_ && done_;
    lock.unlock();
    if (progressed) {
      if (wire::CallSink* sink = caller_->sink()) sink->progress(progress_done_, progress_total_);
    }
    if (!abandoned_) status = outcome(read);
  }
  caller_->set_waker(nullptr);
  attendance_->remove(this);
  ticket_.reset();  // an abandoned call may outlive the plugin's state
  return status;
}

bh_status AttendedCall::submit(Workers& workers, std::shared_ptr<Attendance> attendance,
                               wire::ReadResults read, bh_completion done) {
  attendance_ = std::move(attendance);
  read_ = std::move(read);
  completion_ = done;
  asynchronous_ = true;
  caller_->set_waker(this);
  attendance_->add(shared_from_this(), deadline_);
  if (start(workers)) return BH_OK;
  attendance_->remove(this);
  caller_->set_waker(nullptr);
  return BH_UNAVAILABLE;
}

// ---- on the worker's thread

void AttendedCall::run() {
  const bh_status status = object_->dispatch(
      context_, interface_, method_, messages_->params.getRoot<capnp::AnyPointer>().asReader(),
      messages_->results.getRoot<capnp::AnyPointer>());
  const std::lock_guard lock(mutex_);
  status_ = status;
  done_ = true;
  if (abandoned_) return;
  if (!asynchronous_) {
    changed_.notify_all();
  } else {
    attendance_->loop().post([self = shared_from_this()] { self->complete(); });
  }
}

void AttendedCall::progress(std::uint64_t done, std::uint64_t total) {
  const std::lock_guard lock(mutex_);
  if (abandoned_) return;
  progress_done_ = done;
  progress_total_ = total;
  if (progressed_) return;  // a newer figure replaces one not yet told
  progressed_ = true;
  if (!asynchronous_) {
    changed_.notify_all();
  } else {
    attendance_->loop().post([self = shared_from_this()] { self->tell_progress(); });
  }
}

void AttendedCall::log(std::uint32_t level, std::string_view line) {
  log_->write(context_.id, level, line);
}

// ---- where the caller waits, or on the loop's thread

// Somebody took the call back.
void AttendedCall::wake() {
  if (asynchronous_) {
    attendance_->loop().post([attendance = attendance_] { attendance->look(); });
    return;
  }
  const std::lock_guard lock(mutex_);
  changed_.notify_all();
}

// With the mutex held: when to look again, or 0 when the call is to be abandoned.
std::int64_t AttendedCall::check_time() {
  const std::int64_t now = wire::monotonic_now();
  if (give_up_at_ == 0) {
    if (now >= deadline_) caller_->note_stop(wire::Stop::deadline);
    if (caller_->stopped() == wire::Stop::none) return deadline_;
    context_.stop(caller_->stopped());  // wakes a plugin that waits for a service
    give_up_at_ = now + grace_;
  }
  return now >= give_up_at_ ? 0 : give_up_at_;
}

// With the mutex held.
bh_status AttendedCall::abandon() {
  abandoned_ = true;
  caller_->fail(stop_text(caller_->stopped(), timeout_, grace_) +
                ". In process it can't be ended: it still runs on a thread of this process. Run "
                "the plugin in a cell to be able to end it");
  log_->write(caller_->id, BH_LOG_ERROR,
              "a call is unresponsive: " + stop_text(caller_->stopped(), timeout_, grace_) +
                  "; its thread is lost to this process until the call returns");
  workers_->give_up_one();
  return BH_UNRESPONSIVE;
}

bh_status AttendedCall::outcome(const wire::ReadResults& read) {
  if (status_ == BH_OK) {
    try {
      return read(*caller_, messages_->results.getRoot<capnp::AnyPointer>().asReader());
    } catch (const kj::Exception& exception) {
      caller_->fail(std::string("the results can't be read: ") + exception.getDescription().cStr());
      return BH_PROTOCOL_ERROR;
    }
  }
  caller_->fail(context_.error());
  const bool stopping = status_ == BH_CANCELLED || status_ == BH_DEADLINE_EXCEEDED;
  const wire::Stop stop = caller_->stopped();
  return stopping && stop != wire::Stop::none ? stop_status(stop) : status_;
}

// ---- asynchronous calls, on the loop's thread

void AttendedCall::tell_progress() {
  std::unique_lock lock(mutex_);
  if (!progressed_ || abandoned_ || finished_) return;
  progressed_ = false;
  const auto done = progress_done_, total = progress_total_;
  lock.unlock();
  if (wire::CallSink* sink = caller_->sink()) sink->progress(done, total);
}

std::int64_t AttendedCall::look() {
  std::unique_lock lock(mutex_);
  if (!asynchronous_ || done_ || abandoned_) return 0;
  const std::int64_t next = check_time();
  if (next != 0) return next;
  const bh_status status = abandon();
  lock.unlock();
  finish(status);
  return 0;
}

void AttendedCall::stop() {
  caller_->stop(wire::Stop::cancelled);
  context_.stop(wire::Stop::cancelled);
}

void AttendedCall::give_up() {
  {
    const std::lock_guard lock(mutex_);
    if (done_ || abandoned_) return;
    give_up_at_ = 1;
  }
  wake();
}

void AttendedCall::complete() {
  {
    const std::lock_guard lock(mutex_);
    if (abandoned_) return;
  }
  finish(outcome(read_));
}

void AttendedCall::finish(bh_status status) {
  caller_->set_waker(nullptr);
  ticket_.reset();  // before the completion: it may call again
  {
    const std::lock_guard lock(mutex_);
    finished_ = true;
  }
  const auto self = shared_from_this();
  attendance_->remove(this);
  completion_.fn(completion_.user, status);
}

void Attendance::add(const std::shared_ptr<AttendedCall>& call, std::int64_t look_at) {
  const std::lock_guard lock(mutex_);
  calls_.emplace(call.get(), call);
  if (look_at != 0) schedule(look_at);
}

void Attendance::remove(const AttendedCall* call) {
  const std::lock_guard lock(mutex_);
  calls_.erase(call);
}

void Attendance::schedule(std::int64_t when) {
  if (look_at_ != 0 && look_at_ <= when) return;
  look_at_ = when;
  loop_.at(when, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->look();
  });
}

std::vector<std::shared_ptr<AttendedCall>> Attendance::calls() {
  const std::lock_guard lock(mutex_);
  std::vector<std::shared_ptr<AttendedCall>> all;
  for (const auto& [key, call] : calls_) all.push_back(call);
  return all;
}

void Attendance::look() {
  {
    const std::lock_guard lock(mutex_);
    look_at_ = 0;
  }
  std::int64_t next = 0;
  for (const auto& call : calls()) {
    const std::int64_t when = call->look();
    if (when != 0 && (next == 0 || when < next)) next = when;
  }
  if (next == 0) return;
  const std::lock_guard lock(mutex_);
  schedule(next);
}

void Attendance::stop_all() {
  for (const auto& call : calls()) call->stop();
}

void Attendance::give_up_all() {
  for (const auto& call : calls()) call->give_up();
}

}  // namespace bulkhead::host
