// Calls over a connection: asked, waited for, timed, and settled with their callers.
#include <poll.h>
#include <sys/epoll.h>
#include <unistd.h>
#include <kj/exception.h>

#include <algorithm>
#include <array>

#include "host/runtime/connection.hpp"
#include "host/runtime/stop_text.hpp"

namespace bulkhead::host {
namespace {

constexpr std::int64_t kKillPatience = 2'000'000'000;  // for the kernel to end a killed cell

std::chrono::steady_clock::time_point time_point(std::int64_t nanoseconds) {
  return std::chrono::steady_clock::time_point(std::chrono::nanoseconds(nanoseconds));
}

}  // namespace

void Connection::Question::wake() {
  if (completion) {
    connection.loop_.post([weak = connection.weak_from_this()] {
      if (const auto self = weak.lock()) self->tick();
    });
    return;
  }
  const std::lock_guard lock(connection.reactor_.mutex());
  changed.notify_all();
  connection.nudge_leader();
}

bh_status Connection::ask(wire::CallContext& context, std::int64_t timeout, const Send& send,
                          std::int64_t begun) {
  const auto question = std::make_shared<Question>(*this, context);
  question->listen();
  {
    Lock lock(reactor_.mutex());
    put(question, timeout, send, begun, lock);
    wait(*question, lock);
    questions_.erase(question->id);
  }
  question->deafen();
  return settle(*question, context);
}

bh_status Connection::ask_async(wire::CallContext& context, std::int64_t timeout, const Send& send,
                                std::function<void(bh_status)> done, std::int64_t begun) {
  const auto question = std::make_shared<Question>(*this, context);
  question->completion = std::move(done);
  question->listen();
  {
    Lock lock(reactor_.mutex());
    if (!dead_) {
      put(question, timeout, send, begun, lock);
      if (question->done) return BH_OK;
      schedule(question->deadline, lock);
      if (leader_ == nullptr) arm(lock);
      return BH_OK;
    }
  }
  question->deafen();
  context.fail(end_reason());
  return end_status_;
}

void Connection::tell(const std::function<kj::Promise<void>(core::Cell::Client&)>& send) {
  Lock lock(reactor_.mutex());
  if (dead_) return;
  reactor_.turn([&] { tasks_->add(send(*cell_)); });
  if (leader_ == nullptr) arm(lock);
}

void Connection::put(const std::shared_ptr<Question>& question, std::int64_t timeout,
                     const Send& send, std::int64_t begun, Lock& lock) {
  wire::CallContext& context = *question->context;
  question->timeout = context.timeout() != 0 ? context.timeout() : timeout;
  question->deadline = (begun != 0 ? begun : wire::monotonic_now()) + question->timeout;
  context.deadline_ns = question->deadline;
  question->call_id = context.id;
  question->id = next_question_++;
  questions_[question->id] = question;
  if (dead_) {
    finish(*question, end_status_, {});
    return;
  }
  if (network_->getCurrentQueueSize() > limits_.frame) {
    finish(*question, BH_OVERLOADED,
           "the cell does not read what it was sent; nothing of this call was sent to it");
    return;
  }
  reactor_.turn([&] {
    lingering_.clear();
    try {
      tasks_->add(send(*cell_, *question).catch_([this, question](kj::Exception&& exception) {
        if (question->done) return;
        if (exception.getType() == kj::Exception::Type::DISCONNECTED) {
          disconnected_ = true;
          return;
        }
        finish(
            *question, BH_PROTOCOL_ERROR,
            std::string("the cell's answer can't be used: ") + exception.getDescription().cStr());
      }));
    } catch (const kj::Exception& exception) {
      finish(
          *question, BH_RESOURCE_EXHAUSTED,
          std::string("the call's message can't be built: ") + exception.getDescription().cStr());
    }
  });
  after_turn(lock);
  if (leader_ != nullptr && reactor_.stream().write_blocked()) nudge_leader();
}

void Connection::linger(capnp::Response<core::CallResults>&& results) {
  constexpr std::size_t kMost = 64;
  constexpr std::uint64_t kSmall = 1024;  // words
  if (lingering_.size() >= kMost) lingering_.clear();
  if (results.totalSize().wordCount <= kSmall) lingering_.push_back(kj::mv(results));
}

// Waits until the question is done, reading the socket where no other caller does.
void Connection::wait(Question& question, Lock& lock) {
  while (true) {
    if (question.progressed) {
      question.progressed = false;
      const auto done = question.progress_done, total = question.progress_total;
      lock.unlock();
      if (wire::CallSink* sink = question.context->sink()) sink->progress(done, total);
      lock.lock();
      continue;
    }
    if (question.done) break;
    const std::int64_t until = check_time(question, lock);
    if (question.done) break;
    if (leader_ == nullptr) {
      lead(question, until, lock);
    } else {
      question.changed.wait_until(lock, time_point(until));
    }
  }
  if (leader_ == nullptr) pass_lead(lock);
}

void Connection::lead(Question& question, std::int64_t until, Lock& lock) {
  leader_ = &question;
  std::array<pollfd, 2> fds = {{{reactor_.stream().fd(), POLLIN, 0}, {nudge_.get(), POLLIN, 0}}};
  if (reactor_.stream().write_blocked()) fds[0].events |= POLLOUT;
  lock.unlock();
  const std::int64_t left = std::max<std::int64_t>(0, until - wire::monotonic_now());
  const timespec timeout = {left / 1'000'000'000, left % 1'000'000'000};
  ppoll(fds.data(), fds.size(), &timeout, nullptr);
  if (fds[1].revents != 0) {
    std::uint64_t ignored = 0;
    [[maybe_unused]] const ssize_t size = read(nudge_.get(), &ignored, sizeof ignored);
  }
  lock.lock();
  leader_ = nullptr;
  pump(lock);
}

// The lead is free: another waiting caller takes it, or the loop's thread.
void Connection::pass_lead(Lock& lock) {
  bool asynchronous = false;
  for (const auto& [id, question] : questions_) {
    if (question->done) continue;
    if (!question->completion) {
      question->changed.notify_all();
      return;
    }
    asynchronous = true;
  }
  if (asynchronous || reactor_.stream().write_blocked()) arm(lock);
}

void Connection::nudge_leader() {
  if (leader_ == nullptr) return;
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = write(nudge_.get(), &one, sizeof one);
}

void Connection::finish(Question& question, bh_status status, std::string message) {
  if (question.done) return;
  question.done = true;
  question.status = status;
  question.message = std::move(message);
  if (question.completion) {
    // Strong: a completion is owed.
    loop_.post([self = shared_from_this(), id = question.id] { self->complete_async(id); });
  } else if (&question == leader_) {
    nudge_leader();
  } else {
    question.changed.notify_all();
  }
}

void Connection::complete_async(std::uint64_t id) {
  std::shared_ptr<Question> question;
  {
    const Lock lock(reactor_.mutex());
    const auto found = questions_.find(id);
    if (found == questions_.end()) return;
    question = std::move(found->second);
    questions_.erase(found);
  }
  question->deafen();
  const bh_status status = settle(*question, *question->context);
  question->completion(status);
}

void Connection::tell_progress(std::uint64_t id) {
  Lock lock(reactor_.mutex());
  const auto found = questions_.find(id);
  if (found == questions_.end() || found->second->done || !found->second->progressed) return;
  const std::shared_ptr<Question> question = found->second;
  question->progressed = false;
  const auto done = question->progress_done, total = question->progress_total;
  lock.unlock();
  // The context lives until the completion, which runs on this thread too.
  if (wire::CallSink* sink = question->context->sink()) sink->progress(done, total);
}

// Gives the context the words, and returns the status that the caller gets.
bh_status Connection::settle(Question& question, wire::CallContext& context) {
  const wire::Stop stop = context.stopped();
  if (question.ended_cell) {
    context.fail(stop_text(stop, question.timeout, limits_.grace) +
                 ", so its cell was ended; the next call starts a new one");
    return stop_status(stop);
  }
  if ((question.status == BH_CANCELLED || question.status == BH_DEADLINE_EXCEEDED) &&
      stop != wire::Stop::none) {
    question.status = stop_status(stop);
  }
  bool lost = false;
  {
    const Lock lock(reactor_.mutex());
    lost = dead_ && question.status == end_status_;
  }
  if (lost && question.message.empty()) {
    context.fail(end_reason());
  } else if (!question.message.empty()) {
    context.fail(question.message);
  }
  return question.status;
}

// ---- time

// Does what is due for a question; returns when to look again.
std::int64_t Connection::check_time(Question& question, Lock& lock) {
  const std::int64_t now = wire::monotonic_now();
  if (question.kill_at == 0) {
    if (now >= question.deadline) question.context->note_stop(wire::Stop::deadline);
    if (question.context->stopped() == wire::Stop::none) return question.deadline;
    question.kill_at = now + limits_.grace;
    if (!dead_) {
      reactor_.turn([&] {
        auto request = cell_->cancelRequest();
        request.setId(question.id);
        request.setReason(static_cast<std::uint32_t>(question.context->stopped()));
        tasks_->add(request.send().ignoreResult());
      });
      after_turn(lock);
    }
  } else if (now >= question.kill_at) {
    if (question.ended_cell) {
      lose(lock, BH_PLUGIN_CRASHED, "its cell does not end although it was killed");
      return now;
    }
    question.ended_cell = true;
    question.kill_at = now + kKillPatience;
    if (end_why_.empty()) {
      end_why_ = "its cell was ended, because a call ignored its deadline or cancellation";
    }
    kill_cell();
  }
  return question.kill_at;
}

void Connection::schedule(std::int64_t when, Lock&) {
  if (tick_at_ != 0 && tick_at_ <= when) return;
  tick_at_ = when;
  loop_.at(when, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->tick();
  });
}

// Looks at the times of all asynchronous questions.
void Connection::tick() {
  Lock lock(reactor_.mutex());
  tick_at_ = 0;
  std::vector<std::shared_ptr<Question>> open;
  for (const auto& [id, question] : questions_) {
    if (question->completion && !question->done) open.push_back(question);
  }
  std::int64_t next = 0;
  for (const auto& question : open) {
    if (question->done) continue;
    const std::int64_t until = check_time(*question, lock);
    if (next == 0 || until < next) next = until;
  }
  if (next != 0) schedule(next, lock);
}

}  // namespace bulkhead::host
