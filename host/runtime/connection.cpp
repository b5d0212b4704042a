#include "host/runtime/connection.hpp"

#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <kj/exception.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace bulkhead::host {
namespace {

constexpr std::int64_t kRest = 20'000'000;                  // between looks at a busy connection
constexpr std::chrono::milliseconds kOwnEndPatience{1000};  // for a cell that hung up
constexpr std::chrono::milliseconds kExitPatience{2000};
constexpr std::size_t kMaxLogLine = 4096;
constexpr unsigned kMostLastReads = 8;             // of a log pipe, which holds 64 KiB
constexpr std::uint64_t kFrameOverhead = 1 << 20;  // of a message above its payload
constexpr unsigned kMaxTurns = 32;                 // in a row, before others get the lock

}  // namespace

// What a cell says while calls are in flight.
class Connection::EventsServer final : public core::Events::Server {
 public:
  explicit EventsServer(Connection& connection) : connection_(connection) {}

 protected:
  kj::Promise<void> progress(ProgressContext context) override {
    const auto params = context.getParams();
    const auto found = connection_.questions_.find(params.getId());
    if (found == connection_.questions_.end() || found->second->done) return kj::READY_NOW;
    Question& question = *found->second;
    question.progress_done = params.getDone();
    question.progress_total = params.getTotal();
    if (question.progressed) return kj::READY_NOW;  // a newer figure replaces one not yet told
    question.progressed = true;
    if (question.completion) {
      connection_.loop_.post([weak = connection_.weak_from_this(), id = question.id] {
        if (const auto self = weak.lock()) self->tell_progress(id);
      });
    } else if (&question == connection_.leader_) {
      connection_.nudge_leader();
    } else {
      question.changed.notify_all();
    }
    return kj::READY_NOW;
  }

  kj::Promise<void> log(LogContext context) override {
    const auto params = context.getParams();
    const auto line = params.getLine();
    std::uint64_t call = 0;
    const auto found = connection_.questions_.find(params.getId());
    if (found != connection_.questions_.end()) call = found->second->call_id;
    connection_.log_(call, params.getLevel(),
                     std::string(line.cStr(), std::min(line.size(), kMaxLogLine)));
    return kj::READY_NOW;
  }

 private:
  Connection& connection_;
};

std::shared_ptr<Connection> Connection::start(sandbox::CellProcess process,
                                              std::shared_ptr<sandbox::Launcher> launcher,
                                              Loop& loop, const policy::Limits& limits,
                                              LogSink log) {
  std::shared_ptr<Connection> connection(
      new Connection(std::move(process), std::move(launcher), loop, limits, std::move(log)));
  connection->connect();
  connection->watch();
  return connection;
}

Connection::Connection(sandbox::CellProcess process, std::shared_ptr<sandbox::Launcher> launcher,
                       Loop& loop, const policy::Limits& limits, LogSink log)
    : process_(std::move(process)),
      launcher_(std::move(launcher)),
      loop_(loop),
      limits_(limits),
      log_(std::move(log)),
      reactor_(std::move(process_.socket), {.bytes = limits.frame + kFrameOverhead}),
      nudge_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

// Its owner has called end(), so no question is open.
Connection::~Connection() {
  kill_cell();
  loop_.unwatch(socket_watch_);
  loop_.unwatch(log_watch_);
  tear_down();
}

void Connection::connect() {
  const Lock lock(reactor_.mutex());
  reactor_.turn([this] {
    tasks_ = kj::heap<Tasks>();
    // The stream's guard judges what comes in; here the limit is for what goes out, 64 MiB if not
    // set.
    capnp::ReaderOptions limits;
    limits.traversalLimitInWords = (limits_.frame + kFrameOverhead) / sizeof(capnp::word);
    network_.emplace(reactor_.stream(), capnp::rpc::twoparty::Side::CLIENT, limits);
    rpc_.emplace(capnp::makeRpcClient(*network_));
    rpc_->setFlowLimit(65536);  // words of events that the host has not handled yet
    capnp::MallocMessageBuilder message;
    auto id = message.initRoot<capnp::rpc::twoparty::VatId>();
    id.setSide(capnp::rpc::twoparty::Side::SERVER);
    cell_ = rpc_->bootstrap(id).castAs<core::Cell>();
  });
}

void Connection::tear_down() {
  const Lock lock(reactor_.mutex());
  reactor_.turn([this] {
    cell_.reset();
    lingering_.clear();
    tasks_ = nullptr;
    rpc_.reset();
    network_.reset();
  });
}

core::Events::Client Connection::make_events() { return kj::heap<EventsServer>(*this); }

EnterTurns Connection::turns() {
  return [weak = weak_from_this()]() -> InTurn {
    auto self = weak.lock();
    if (self == nullptr) return {};
    return [self = std::move(self)](const std::function<void()>& work) {
      Lock lock(self->reactor_.mutex());
      self->reactor_.turn(work);
      self->after_turn(lock);
      if (self->leader_ == nullptr) {
        self->arm(lock);
      } else if (self->reactor_.stream().write_blocked()) {
        self->nudge_leader();
      }
    };
  };
}

void Connection::stop_at_end(std::weak_ptr<wire::CallContext> call) {
  std::erase_if(served_, [](const auto& other) { return other.expired(); });
  served_.push_back(std::move(call));
}

void Connection::watch() {
  const std::weak_ptr<Connection> weak = weak_from_this();
  const Lock lock(reactor_.mutex());  // a handler may run before its key is known here
  armed_ = true;
  armed_for_writes_ = false;
  socket_watch_ = loop_.watch(reactor_.stream().fd(), EPOLLIN | EPOLLRDHUP | EPOLLONESHOT,
                              [weak](std::uint32_t) {
                                if (const auto self = weak.lock()) self->on_socket();
                              });
  log_watch_ = loop_.watch(process_.log.get(), EPOLLIN, [weak](std::uint32_t) {
    if (const auto self = weak.lock()) self->read_log();
  });
}

// ---- reading

void Connection::pump(Lock& lock) {
  unsigned turns = 0;
  do {
    reactor_.turn();
  } while (reactor_.exhausted() && ++turns < kMaxTurns);
  after_turn(lock);
}

// Notices the end of the connection.
void Connection::after_turn(Lock& lock) {
  if (dead_) return;
  const wire::GuardedStream& stream = reactor_.stream();
  if (!stream.violation().empty()) {
    lose(lock, BH_PROTOCOL_ERROR,
         "its cell sent malformed data (" + stream.violation() + ") and was ended");
  } else if (stream.ended()) {
    lose(lock, BH_PLUGIN_CRASHED, {});
  } else if (disconnected_) {
    lose(lock, BH_PROTOCOL_ERROR, "its cell broke the RPC protocol and was ended");
  }
}

void Connection::arm(Lock&) {
  // Armed for reading alone, it would not tell of room for an answer that got stuck since.
  const bool writes = reactor_.stream().write_blocked();
  if (dead_ || (armed_ && (armed_for_writes_ || !writes))) return;
  armed_ = true;
  armed_for_writes_ = writes;
  std::uint32_t events = EPOLLIN | EPOLLRDHUP | EPOLLONESHOT;
  if (writes) events |= EPOLLOUT;
  loop_.rearm(socket_watch_, events);
}

void Connection::on_socket() {
  Lock lock(reactor_.mutex());
  armed_ = false;
  rest(lock);
}

// Reads where no caller does; else looks again a little later, so that a busy connection does not
// wake two threads for each message.
void Connection::rest(Lock& lock) {
  if (dead_) return;
  if (leader_ == nullptr) {
    pump(lock);
    arm(lock);
    return;
  }
  if (resting_) return;
  resting_ = true;
  loop_.at(wire::monotonic_now() + kRest, [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (self == nullptr) return;
    Lock again(self->reactor_.mutex());
    self->resting_ = false;
    if (!self->armed_) self->rest(again);
  });
}

// False: there is nothing more for now, or for good.
bool Connection::read_log() {
  std::array<char, 16384> buffer;
  const ssize_t size = read(process_.log.get(), buffer.data(), buffer.size());
  if (size < 0 && (errno == EAGAIN || errno == EINTR)) return false;
  if (size <= 0) {
    {
      const Lock lock(reactor_.mutex());
      loop_.unwatch(log_watch_);
    }
    if (!log_tail_.empty()) log_(0, BH_LOG_INFO, std::exchange(log_tail_, {}));
    return false;
  }
  for (const char c : std::string_view(buffer.data(), static_cast<std::size_t>(size))) {
    if (c != '\n' && log_tail_.size() < kMaxLogLine) {
      log_tail_ += c;
      continue;
    }
    log_(0, BH_LOG_INFO, std::exchange(log_tail_, {}));
    if (c != '\n') log_tail_ += c;
  }
  return true;
}

// ---- the end

bool Connection::alive() {
  const Lock lock(reactor_.mutex());
  return !dead_;
}

void Connection::kill_cell() {
  if (process_.pidfd) syscall(SYS_pidfd_send_signal, process_.pidfd.get(), SIGKILL, nullptr, 0);
}

void Connection::end(bh_status status, const std::string& why) {
  Lock lock(reactor_.mutex());
  lose(lock, status, why);
}

std::string Connection::end_reason() {
  std::string why;
  {
    const Lock lock(reactor_.mutex());
    why = end_why_;
  }
  if (!why.empty()) return why;
  const std::lock_guard lock(exit_mutex_);
  if (exit_text_.empty()) {
    auto exit = launcher_->wait_exit(process_.id, kOwnEndPatience);
    const bool hung_up = !exit;
    if (hung_up) {
      kill_cell();
      exit = launcher_->wait_exit(process_.id, kExitPatience);
    }
    if (hung_up && exit && WIFSIGNALED(exit->wait_status) &&
        WTERMSIG(exit->wait_status) == SIGKILL) {
      exit_text_ = "its cell closed its connection but did not end, so the host ended it";
    } else if (exit) {
      exit_text_ = "its cell " + sandbox::describe_exit(*exit);
    } else if (!launcher_->alive()) {
      exit_text_ = "its cell ended, because the launcher process ended";
    } else {
      exit_text_ = "its cell closed the connection";
    }
  }
  return exit_text_;
}

void Connection::lose(Lock&, bh_status status, const std::string& why) {
  if (dead_) return;
  dead_ = true;
  if (end_why_.empty()) {
    end_status_ = status;
    end_why_ = why;
  }
  // A cell that hung up on its own is mostly about to end: a signal now would hide why.
  // end_reason() ends the one that is not.
  if (!end_why_.empty()) kill_cell();
  // An error in the log where nobody is told by a call of his own.
  std::uint32_t level = BH_LOG_ERROR;
  for (const auto& [id, question] : questions_) {
    if (question->done) continue;
    finish(*question, end_status_, {});
    level = BH_LOG_INFO;
  }
  // Not here: whoever is woken by it may need locks.
  loop_.post([served = std::exchange(served_, {})] {
    for (const auto& weak : served) {
      if (const auto call = weak.lock()) call->stop(wire::Stop::cancelled);
    }
  });
  if (end_status_ == BH_UNAVAILABLE) return;
  loop_.post([self = shared_from_this(), level] {
    const std::string reason = self->end_reason();
    // Its last words come first. It has ended, so there is no more than the pipe holds.
    for (unsigned reads = 0; reads < kMostLastReads && self->read_log(); ++reads) {
    }
    self->log_(0, level, reason);
  });
}

}  // namespace bulkhead::host
