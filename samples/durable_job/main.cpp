// A job that outlives the program that submitted it.
//
//   durable_job submit INTENT PROGRAM [ARGUMENT...]   starts it (once), prints its handle, and ends
//   durable_job follow HANDLE                         prints all that it printed, waits, cleans up
//
// The policy must let plugin local start commands: samples/bulkhead.toml does.
#include <bulkhead/provider_client.hpp>

#include <chrono>
#include <cstdio>
#include <exception>
#include <string>

namespace {

using namespace std::chrono_literals;

int submit(const bulkhead::ProviderClient& provider, int argc, char** argv) {
  bulkhead::JobSpec job;
  job.tag = "durable_job";
  job.timeout = 1h;  // whoever lives then
  job.arguments.assign(argv + 3, argv + argc);
  // A real program writes the intent down before this line, and the handle after it.
  std::printf("%s\n", provider.submit(argv[2], job).c_str());
  return 0;
}

int follow(const bulkhead::ProviderClient& provider, const std::string& old_handle) {
  const std::string handle = provider.recover(old_handle);
  std::uint64_t position = 0;
  for (bool ended = false; !ended;) {
    const bulkhead::JobLog log = provider.logs(handle, position, 10s);
    std::fwrite(log.bytes.data(), 1, log.bytes.size(), stdout);
    position = log.next;
    ended = log.ended;
  }
  bulkhead::JobStatus status = provider.status(handle);
  while (status.running()) status = provider.status(handle);  // it writes down its end
  if (!status.message.empty()) std::fprintf(stderr, "%s\n", status.message.c_str());
  while (!provider.destroy(handle)) {
  }
  return status.exit_code < 0 ? 1 : status.exit_code;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string what = argc > 1 ? argv[1] : "";
  if ((what != "submit" || argc < 4) && (what != "follow" || argc != 3)) {
    std::fprintf(stderr, "durable_job submit INTENT PROGRAM [ARGUMENT...] | follow HANDLE\n");
    return 64;
  }
  try {
    bulkhead::Host host;
    const bulkhead::ProviderClient provider(host.load("local").open());
    return what == "submit" ? submit(provider, argc, argv) : follow(provider, argv[2]);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "durable_job: %s\n", error.what());
    return 70;
  }
}
