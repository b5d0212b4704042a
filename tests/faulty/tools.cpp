// Commands that do to the host's services what their arguments say.
#include <bulkhead/abi/draft/clock.h>
#include <bulkhead/sdk/command.hpp>
#include <bulkhead/sdk/files.hpp>

#include <cstdlib>

namespace {

class Tools final : public bulkhead::Command {
 public:
  static constexpr const char* kServicesRequired[] = {BH_FILES_1, BH_CLOCK_1, nullptr};

  explicit Tools(const Open& open)
      : table_(static_cast<const bh_files_v1*>(open.services.get(BH_FILES_1))),
        files_(open.services),
        clock_(static_cast<const bh_clock_v1*>(open.services.get(BH_CLOCK_1))) {}

  std::vector<CommandFacts> list() const override {
    return {{"read", "Prints a granted file", "read NAME"},
            {"write", "Writes its input", "write NAME [TIMES]"},
            {"abandon", "Writes its input, but does not finish", "abandon NAME"},
            {"die", "Writes its input, and dies", "die NAME"},
            {"hoard", "Opens a file again and again", "hoard NAME TIMES"},
            {"sleep", "Waits", "sleep NANOSECONDS"},
            {"bad-handle", "Uses handles that nobody gave out", "bad-handle"}};
  }

  CommandResult run(const Call& call, const CommandRequest& request) const override {
    const auto argument = [&](std::size_t i) { return std::string(request.arguments.at(i)); };
    CommandResult result;
    if (request.name == "read") {
      const auto file = files_.open(call, argument(0));
      result.output = file.read_all(call, std::uint64_t{1} << 30);
      result.exit_code = file.size() == result.output.size() ? 0 : 1;
    } else if (request.name == "write") {
      auto file = files_.create(call, argument(0));
      const int times = request.arguments.size() > 1 ? std::atoi(argument(1).c_str()) : 1;
      for (int i = 0; i < times; ++i) {
        call.progress(static_cast<std::uint64_t>(i), static_cast<std::uint64_t>(times));
        file.write(call, request.input);
      }
      file.commit(call);
      result.output = std::to_string(file.written());
    } else if (request.name == "abandon" || request.name == "die") {
      auto file = files_.create(call, argument(0));
      file.write(call, request.input);
      if (request.name == "die") std::abort();
    } else if (request.name == "hoard") {
      std::vector<bulkhead::sdk::InputFile> hoard;
      for (int i = 0; i < std::atoi(argument(1).c_str()); ++i) {
        hoard.push_back(files_.open(call, argument(0)));
      }
    } else if (request.name == "sleep") {
      const std::int64_t start = clock_->monotonic(clock_);
      const std::int64_t wanted = std::atoll(argument(0).c_str());
      const bh_status status = clock_->sleep(clock_, call.raw(), wanted);
      if (status != BH_OK) throw bulkhead::sdk::Cancelled(status);
      result.exit_code =
          clock_->monotonic(clock_) - start >= wanted && clock_->now(clock_) > 0 ? 0 : 1;
    } else if (request.name == "bad-handle") {
      std::byte byte{};
      std::size_t got = 0;
      const std::uint64_t handle = std::uint64_t{1} << 40;
      const bool refused =
          table_->read(table_, call.raw(), handle, 0, &byte, 1, &got) == BH_NOT_FOUND &&
          table_->write(table_, call.raw(), handle, &byte, 1) == BH_NOT_FOUND &&
          table_->commit(table_, call.raw(), handle) == BH_NOT_FOUND;
      table_->close(table_, handle);
      result.exit_code = refused ? 0 : 1;
    } else {
      throw PluginError(BH_NOT_FOUND, "no such command");
    }
    return result;
  }

 private:
  const bh_files_v1* table_;
  bulkhead::sdk::Files files_;
  const bh_clock_v1* clock_;
};

}  // namespace

BULKHEAD_PLUGIN(Tools, FAULTY_ID, FAULTY_VERSION);
