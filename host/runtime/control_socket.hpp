// The per-user socket by which `bulkhead ps` finds a running host: whoever connects, and is the
// same user, gets one JSON document.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "host/runtime/loop.hpp"

namespace bulkhead::host {

class ControlSocket {
 public:
  // Makes FOLDER/host-PID[-N].sock; the folder with mode 0700. Throws std::runtime_error with a
  // sentence. `answer` runs on the loop's thread.
  ControlSocket(const std::string& folder, Loop& loop, std::function<std::string()> answer);
  ~ControlSocket();  // removes the socket

 private:
  struct Listener;
  Loop& loop_;
  std::shared_ptr<Listener> listener_;
};

}  // namespace bulkhead::host
