#include "sandbox/cell/server.hpp"

#include <capnp/rpc-twoparty.h>

#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <limits>
#include <optional>
#include <thread>

namespace bulkhead::cell {
namespace {

constexpr unsigned kMaxThreads = 16;
constexpr std::size_t kMaxUnsentEvents = 65536;         // bytes; above it events are dropped
constexpr std::int64_t kProgressInterval = 10'000'000;  // nanoseconds
constexpr std::int64_t kQuiet = 10'000'000;             // nanoseconds without work
constexpr std::size_t kMaxLogLine = 4096;
// The host holds calls against its policy before it sends them; this only bounds a mistake.
constexpr std::uint64_t kMaxFrame = std::uint64_t{1} << 34;

// Edge-triggered: one message wakes one thread.
void watch(int epoll, int operation, int fd, std::uint32_t events) {
  epoll_event event{};
  event.events = events | EPOLLET;
  event.data.fd = fd;
  epoll_ctl(epoll, operation, fd, &event);
}

}  // namespace

void CallEvents::progress(std::uint64_t done, std::uint64_t total) {
  const std::int64_t now = wire::monotonic_now();
  if (now - last_ < kProgressInterval && (total == 0 || done < total)) return;
  last_ = now;
  server_.send_progress(id_, done, total);
}

void CallEvents::log(std::uint32_t level, std::string_view line) {
  server_.send_log(id_, level, line);
}

Server::Server(const Start& start)
    : start_(start),
      reactor_(wire::UniqueFd(start.socket), {.bytes = kMaxFrame}),
      epoll_(epoll_create1(EPOLL_CLOEXEC)),
      nudge_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  watch(epoll_.get(), EPOLL_CTL_ADD, reactor_.stream().fd(), EPOLLIN | EPOLLRDHUP);
  watch(epoll_.get(), EPOLL_CTL_ADD, nudge_.get(), EPOLLIN);
}

Server::~Server() = default;

// Room in the socket is an event only while something waits for it: each answer that the host takes
// makes room, and would wake a thread for nothing.
void Server::watch_writes() {
  if (reactor_.stream().write_blocked() == watching_writes_) return;
  watching_writes_ = !watching_writes_;
  watch(epoll_.get(), EPOLL_CTL_MOD, reactor_.stream().fd(),
        EPOLLIN | EPOLLRDHUP | (watching_writes_ ? EPOLLOUT : 0u));
}

void Server::queue(std::function<void()> run, std::function<void()> answer) {
  queue_.push_back({std::move(run), std::move(answer)});
}

std::shared_ptr<Server::RunningCall> Server::start_call(core::CallContext::Reader params) {
  auto call = std::make_shared<RunningCall>(*this, params.getId());
  call->context.deadline_ns = params.getDeadline();
  call->context.set_output_limit(output_limit_);
  running_[params.getId()] = call.get();
  return call;
}

void Server::end_call(const RunningCall& call) { running_.erase(call.context.id); }

void Server::cancel(std::uint64_t id, wire::Stop reason) {
  const auto found = running_.find(id);
  if (found != running_.end()) found->second->context.stop(reason);
}

void Server::set_host(core::Events::Client events, std::uint64_t output_limit) {
  host_ = kj::mv(events);
  output_limit_ = output_limit;
}

std::shared_ptr<wire::PluginObject> Server::instance(std::uint32_t id) const {
  const auto found = instances_.find(id);
  return found == instances_.end() ? nullptr : found->second;
}

std::uint32_t Server::add_instance(std::shared_ptr<wire::PluginObject> instance) {
  instances_.emplace(next_instance_, std::move(instance));
  return next_instance_++;
}

std::shared_ptr<wire::PluginObject> Server::remove_instance(std::uint32_t id) {
  const auto found = instances_.find(id);
  if (found == instances_.end()) return nullptr;
  auto instance = std::move(found->second);
  instances_.erase(found);
  return instance;
}

void Server::load(const std::string& path, const std::string& data, std::uint32_t isolation) {
  library_ = open_library(path, isolation);
  if (library_.status != BH_OK) return;
  try {
    package_ = std::make_shared<wire::PackageData>(data);
  } catch (const std::exception& error) {
    library_ = {BH_IO_ERROR, error.what(), nullptr, {}};
    return;
  }
  if (const int error = start_.lock(); error != 0) {
    library_ = {BH_INTERNAL,
                std::string("the cell could not narrow its system call filter: ") +
                    std::strerror(error) + "; nothing of the plugin is called without it",
                nullptr,
                {}};
  }
}

std::unique_ptr<wire::Services> Server::make_services(std::shared_ptr<wire::FileStore> files,
                                                      std::span<const wire::LentService> lent) {
  return std::make_unique<wire::Services>(
      package_, [this](std::uint32_t level, std::string_view line) { send_log(0, level, line); },
      std::move(files), lent);
}

// Wakes the thread that asks the host for a call, when the call is asked to stop: cancel() does
// that inside a turn, so with the lock held.
struct Server::AskWaker final : wire::CallContext::Waker {
  explicit AskWaker(Server& owner) : server(owner) {}
  void wake() override {
    server.asking_.notify_all();
    if (server.reading_) server.nudge();
  }
  Server& server;
};

void Server::ask(const std::function<kj::Promise<void>()>& send, wire::CallContext* context,
                 const std::function<void()>& cancel) {
  std::unique_lock lock(reactor_.mutex());
  AskWaker waker(*this);
  if (context != nullptr) context->set_waker(&waker);
  bool cancelled = false;
  bool done = false;
  const auto finish = [&] {
    done = true;
    asking_.notify_all();
    // Another thread's turn may have read the answer: the one that asked may be the reader, and
    // would wait for bytes that have come already.
    if (reading_) nudge();
  };
  kj::Maybe<kj::Promise<void>> promise;
  reactor_.turn([&] {
    promise = send().then(finish, [&](kj::Exception&&) { finish(); }).eagerlyEvaluate(nullptr);
  });
  watch_writes();
  while (!done && !ended_) {
    if (context != nullptr && !cancelled && context->stopped() != wire::Stop::none) {
      cancelled = true;
      reactor_.turn(cancel);
      watch_writes();
      continue;
    }
    if (!queue_.empty()) call_help();
    if (reading_) {
      asking_.wait(lock);
    } else {
      read(lock);
    }
  }
  reactor_.turn([&] { promise = nullptr; });
  if (context != nullptr) context->set_waker(nullptr);
  // Whoever else waits must not wait for a reader that has gone.
  asking_.notify_all();
  if (!queue_.empty()) call_help();
  if (ended_) end(lock);
}

void Server::in_turn(const std::function<void()>& work) {
  const std::lock_guard lock(reactor_.mutex());
  reactor_.turn(work);
  watch_writes();
}

// Sends without waiting; an event is dropped when the host does not read.
template <class Fill>
void Server::send_event(Fill&& fill) {
  const std::lock_guard lock(reactor_.mutex());
  if (ended_ || reactor_.stream().unsent_bytes() > kMaxUnsentEvents) return;
  reactor_.turn([&] {
    KJ_IF_MAYBE (host, host_) {
      fill(*host).detach([](kj::Exception&&) {});
    }
  });
  watch_writes();
  // The turn may have read messages that this thread, busy with its call, does not serve.
  if (!queue_.empty()) call_help();
}

void Server::send_log(std::uint64_t call, std::uint32_t level, std::string_view line) {
  const std::string text(line.substr(0, kMaxLogLine));
  send_event([&](core::Events::Client& host) {
    auto request = host.logRequest();
    request.setId(call);
    request.setLevel(level);
    request.setLine(text.c_str());
    return request.send().ignoreResult();
  });
}

void Server::send_progress(std::uint64_t call, std::uint64_t done, std::uint64_t total) {
  send_event([&](core::Events::Client& host) {
    auto request = host.progressRequest();
    request.setId(call);
    request.setDone(done);
    request.setTotal(total);
    return request.send().ignoreResult();
  });
}

// Lets the reader look at what there is.
void Server::nudge() {
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = write(nudge_.get(), &one, sizeof one);
}

// Another thread is needed: for work that waits, or to read while this one works.
void Server::call_help() {
  if (idle_ > 0) {
    standby_.notify_one();
  } else if (reading_) {
    nudge();
  } else if (threads_ < kMaxThreads) {
    try {
      std::thread([this] { thread_main(); }).detach();
      ++threads_;
    } catch (const std::system_error&) {
      // The cell's limit of threads: those that there are must do.
    }
  }
}

void Server::read(std::unique_lock<std::mutex>& lock) {
  reading_ = true;
  lock.unlock();
  epoll_event event{};
  epoll_wait(epoll_.get(), &event, 1, -1);
  lock.lock();
  reading_ = false;
  do {
    reactor_.turn();
  } while (reactor_.exhausted());
  watch_writes();
  // The host is gone or has closed the cell: nothing of the plugin may run on.
  if (reactor_.stream().ended()) ended_ = true;
}

void Server::work(std::unique_lock<std::mutex>& lock) {
  Work work = std::move(queue_.front());
  queue_.pop_front();
  ++working_;
  last_work_ = wire::monotonic_now();
  if (!queue_.empty() || (!reading_ && !looking_)) call_help();
  lock.unlock();
  work.run();
  work.run = nullptr;
  lock.lock();
  --working_;
  reactor_.turn([&] {
    work.answer();
    work.answer = nullptr;
  });
  watch_writes();
}

void Server::stand_by(std::unique_lock<std::mutex>& lock) {
  ++idle_;
  const bool quiet = working_ == 0 && wire::monotonic_now() - last_work_ > kQuiet;
  if (looking_ || quiet) {
    standby_.wait(lock);
  } else {
    looking_ = true;
    standby_.wait_for(lock, std::chrono::milliseconds(1));
    looking_ = false;
  }
  --idle_;
}

void Server::thread_main() {
  std::unique_lock lock(reactor_.mutex());
  while (!ended_) {
    // The last thread does no work: it reads, so that the others can be told to stop.
    if (!queue_.empty() && working_ + 1 < kMaxThreads) {
      work(lock);
    } else if (!reading_) {
      read(lock);
    } else {
      stand_by(lock);
    }
  }
  end(lock);
}

// The process ends here and now; other threads may be in the plugin.
void Server::end(std::unique_lock<std::mutex>& lock) {
  lock.unlock();
  fflush(nullptr);
  _exit(0);
}

void Server::serve() {
  std::optional<capnp::TwoPartyVatNetwork> network;
  std::optional<capnp::RpcSystem<capnp::rpc::twoparty::VatId>> rpc;
  {
    const std::lock_guard lock(reactor_.mutex());
    reactor_.turn([&] {
      // What goes out is limited by the call's output limit and by the host's guard; Cap'n Proto
      // alone would refuse answers above 64 MiB.
      capnp::ReaderOptions limits;
      limits.traversalLimitInWords = std::numeric_limits<std::uint64_t>::max();
      network.emplace(reactor_.stream(), capnp::rpc::twoparty::Side::SERVER, limits);
      rpc.emplace(capnp::makeRpcServer(*network, make_methods(*this)));
    });
  }
  thread_main();
}

void serve(const Start& start) {
  Server server(start);
  server.serve();
}

}  // namespace bulkhead::cell
