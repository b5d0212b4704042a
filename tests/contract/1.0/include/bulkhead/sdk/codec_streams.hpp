// bulkhead/sdk/codec_streams.hpp: the open streaming decoders of one codec instance.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include <bulkhead/sdk/codec.hpp>
#include <bulkhead/sdk/utf8.hpp>

namespace bulkhead::sdk {

class CodecStreams {
 public:
  static constexpr std::size_t kMostOpen = 1024;

  std::uint64_t open() {
    const std::lock_guard lock(mutex_);
    if (streams_.size() >= kMostOpen) {
      throw PluginError(BH_OVERLOADED, std::to_string(kMostOpen) +
                                           " streams are open in this codec instance, which is the "
                                           "limit; close one first.");
    }
    streams_.emplace(next_, std::make_shared<Stream>());
    return next_++;
  }

  // The complete bytes after `ids`, in memory of the call. On an error the stream stays as it was.
  std::string_view push(const Call& call, const Codec& codec, std::uint64_t id,
                        std::span<const std::uint32_t> ids) {
    const std::shared_ptr<Stream> stream = find(id);
    const std::lock_guard lock(stream->mutex);
    const std::string bytes = stream->held + codec.decode(call, ids);
    const std::size_t complete = bytes.size() - incomplete_utf8_tail(bytes);
    std::string held = bytes.substr(complete);
    const std::string_view out = call.copy(std::string_view(bytes).substr(0, complete));
    stream->held.swap(held);
    return out;
  }

  // The bytes that were held back, in memory of the call; the stream is gone.
  std::string_view close(const Call& call, std::uint64_t id) {
    const std::shared_ptr<Stream> stream = find(id);
    const std::lock_guard lock(stream->mutex);
    const std::string_view out = call.copy(stream->held);
    const std::lock_guard all(mutex_);
    streams_.erase(id);
    return out;
  }

 private:
  struct Stream {
    std::mutex mutex;
    std::string held;
  };

  std::shared_ptr<Stream> find(std::uint64_t id) {
    const std::lock_guard lock(mutex_);
    if (const auto found = streams_.find(id); found != streams_.end()) return found->second;
    throw PluginError(BH_NOT_FOUND, "Stream " + std::to_string(id) +
                                        " is not open in this codec instance; open one first.");
  }

  std::mutex mutex_;
  std::unordered_map<std::uint64_t, std::shared_ptr<Stream>> streams_;
  std::uint64_t next_ = 1;
};

}  // namespace bulkhead::sdk
