#include "sandbox/cell/remote_files.hpp"

#include <algorithm>
#include <cstring>

#include "sandbox/cell/server.hpp"

namespace bulkhead::cell {
namespace {

wire::FileOutcome outcome_of(core::FileStatus::Reader status) {
  if (status.getCode() == BH_OK) return {};
  return {status.getCode(), status.getMessage().cStr()};
}

class RemoteFiles final : public wire::FileStore {
 public:
  RemoteFiles(Server& server, core::Files::Client files)
      : server_(server), files_(std::make_unique<core::Files::Client>(kj::mv(files))) {}
  ~RemoteFiles() override {
    server_.in_turn([this] { files_ = nullptr; });
  }

  wire::FileOutcome open(std::string_view name, std::uint64_t& handle,
                         std::uint64_t& size) override {
    return ask(
        [&] {
          auto request = files_->openRequest();
          set_name(request, name);
          return request;
        },
        [&](core::OpenFileResults::Reader results) {
          handle = results.getHandle();
          size = results.getSize();
        });
  }
  wire::FileOutcome read(std::uint64_t handle, std::uint64_t offset, std::span<std::byte> buffer,
                         std::size_t& got) override {
    return ask(
        [&] {
          auto request = files_->readRequest();
          request.setHandle(handle);
          request.setOffset(offset);
          request.setSize(static_cast<std::uint32_t>(buffer.size()));
          return request;
        },
        [&](core::ReadFileResults::Reader results) {
          const auto bytes = results.getBytes();
          got = std::min<std::size_t>(bytes.size(), buffer.size());
          std::memcpy(buffer.data(), bytes.begin(), got);
        });
  }
  wire::FileOutcome create(std::string_view name, std::uint64_t& handle) override {
    return ask(
        [&] {
          auto request = files_->createRequest();
          set_name(request, name);
          return request;
        },
        [&](core::CreateFileResults::Reader results) { handle = results.getHandle(); });
  }
  wire::FileOutcome write(std::uint64_t handle, std::span<const std::byte> bytes) override {
    return ask(
        [&] {
          auto request = files_->writeRequest();
          request.setHandle(handle);
          request.setBytes({reinterpret_cast<const kj::byte*>(bytes.data()), bytes.size()});
          return request;
        },
        [](core::FileResults::Reader) {});
  }
  wire::FileOutcome commit(std::uint64_t handle) override {
    return ask(
        [&] {
          auto request = files_->commitRequest();
          request.setHandle(handle);
          return request;
        },
        [](core::FileResults::Reader) {});
  }
  void close(std::uint64_t handle) override {
    ask(
        [&] {
          auto request = files_->closeRequest();
          request.setHandle(handle);
          return request;
        },
        [](core::FileResults::Reader) {});
  }

 private:
  template <class Request>
  static void set_name(Request& request, std::string_view name) {
    auto text = request.initName(static_cast<capnp::uint>(name.size()));
    std::copy(name.begin(), name.end(), text.begin());
  }

  // `make` builds the request, `take` reads its results; both inside turns.
  template <class Make, class Take>
  wire::FileOutcome ask(Make make, Take take) {
    wire::FileOutcome outcome = {BH_UNAVAILABLE, "the host's file service can't be reached"};
    server_.ask([&] {
      return make().send().then([&](auto&& results) {
        outcome = outcome_of(results.getStatus());
        if (outcome.status == BH_OK) take(results);
      });
    });
    return outcome;
  }

  Server& server_;
  std::unique_ptr<core::Files::Client> files_;
};

}  // namespace

std::shared_ptr<wire::FileStore> remote_files(Server& server, core::Files::Client files) {
  return std::make_shared<RemoteFiles>(server, kj::mv(files));
}

}  // namespace bulkhead::cell
