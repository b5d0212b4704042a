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
constexpr std::size_t kMaxLogLine = 4096;
// The host holds calls against its policy before it sends them; this only bounds a mistake.
constexpr std::uint64_t kMaxFrame = std::uint64_t{1} << 34;

void watch(int epoll, int fd, std::uint32_t events) {
  epoll_event event{};
  event.events = events;
  event.data.fd = fd;
  epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
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
  // Edge-triggered: one message wakes one thread.
  watch(epoll_.get(), reactor_.stream().fd(), EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET);
  watch(epoll_.get(), nudge_.get(), EPOLLIN | EPOLLET);
}

Server::~Server() = default;

void Server::nudge() const {
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = write(nudge_.get(), &one, sizeof one);
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

void Server::cancel(std::uint64_t id) {
  const auto found = running_.find(id);
  if (found != running_.end()) found->second->context.stop(wire::Stop::cancelled);
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

std::unique_ptr<wire::Services> Server::make_services() {
  return std::make_unique<wire::Services>(
      package_, [this](std::uint32_t level, std::string_view line) { send_log(0, level, line); });
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
  // The turn may have read messages that this thread, busy with its call, does not serve.
  if (!queue_.empty()) nudge();
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

// Makes sure that another thread reads the socket while this one works. False at the limit of
// threads.
bool Server::keep_reader() {
  if (waiting_ > 0) return true;
  if (threads_ >= kMaxThreads) return false;
  try {
    std::thread([this] { thread_main(); }).detach();
  } catch (const std::system_error&) {
    return threads_ > 1;  // the cell's limit of threads: the others must do
  }
  ++threads_;
  ++waiting_;  // on its behalf, until it gets to wait
  return true;
}

void Server::do_work(std::unique_lock<std::mutex>& lock) {
  while (!queue_.empty() && keep_reader()) {
    Work work = std::move(queue_.front());
    queue_.pop_front();
    if (!queue_.empty()) nudge();
    lock.unlock();
    work.run();
    work.run = nullptr;
    lock.lock();
    reactor_.turn([&] {
      work.answer();
      work.answer = nullptr;
    });
  }
}

void Server::thread_main() {
  std::unique_lock lock(reactor_.mutex());
  bool counted = threads_ > 1;  // keep_reader counted a new thread as waiting
  while (!ended_) {
    if (!counted) ++waiting_;
    counted = false;
    lock.unlock();
    epoll_event event{};
    const int ready = epoll_wait(epoll_.get(), &event, 1, -1);
    lock.lock();
    --waiting_;
    if (ready < 0 && errno != EINTR) break;
    do {
      reactor_.turn();
      do_work(lock);
    } while (reactor_.exhausted() && !ended_);
    if (reactor_.stream().ended()) {
      // The host is gone or has closed the cell: nothing of the plugin may run on.
      ended_ = true;
    }
  }
  // The process ends here and now; other threads may be in the plugin.
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
