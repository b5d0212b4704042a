#include "host/runtime/call.hpp"

namespace bulkhead {

void CancelState::cancel() {
  const std::lock_guard lock(mutex_);
  cancelled_ = true;
  for (wire::CallContext* call : calls_) call->stop(wire::Stop::cancelled);
}

void CancelState::add(wire::CallContext* call) {
  const std::lock_guard lock(mutex_);
  calls_.insert(call);
  if (cancelled_) call->note_stop(wire::Stop::cancelled);
}

void CancelState::remove(wire::CallContext* call) {
  const std::lock_guard lock(mutex_);
  calls_.erase(call);
}

bool CancelState::cancelled() {
  const std::lock_guard lock(mutex_);
  return cancelled_;
}

CancelSource::CancelSource() : state_(std::make_shared<CancelState>()) {}
void CancelSource::cancel() { state_->cancel(); }
bool CancelSource::cancelled() const { return state_->cancelled(); }

namespace host {

Call::Call(Core& core) : core_(core) { renew(); }

Call::Call(PluginState& plugin, const CallOptions& options)
    : core_(*plugin.core), plugin_(&plugin) {
  renew();
  set_output_limit(plugin.decision.limits.output);
  set_timeout(options.timeout.count());
  if (options.progress) set_progress(options.progress);
  if (options.cancel != nullptr) {
    cancel_ = CallAccess::state(*options.cancel);
    set_cancellable(true);
    cancel_->add(this);
  }
}

Call::~Call() {
  if (cancel_ != nullptr) cancel_->remove(this);
}

void Call::renew() {
  reset();
  id = core_.next_call.fetch_add(1, std::memory_order_relaxed);
  set_sink(this);
}

void Call::set_progress(std::function<void(std::uint64_t, std::uint64_t)> progress) {
  progress_ = std::move(progress);
}

void Call::check(bh_status status) const {
  if (status != BH_OK) throw Error(static_cast<Status>(status), error());
}

void Call::progress(std::uint64_t done, std::uint64_t total) {
  if (progress_) progress_(done, total);
}

// A direct call's log lines; those of a channel are written where they arrive.
void Call::log(std::uint32_t level, std::string_view line) {
  if (plugin_ != nullptr) {
    plugin_->log->write(id, level, line);
  } else {
    core_.logger->write(level, "", id, line);
  }
}

}  // namespace host
}  // namespace bulkhead
