// A host for tests that kill it: submits a job, says "submitted HANDLE", then lives until it is
// killed.
//   bulkhead_job_host PLUGINS POLICY ISOLATION INTENT SCRIPT
#include <bulkhead/provider_client.hpp>

#include <unistd.h>

#include <cstdio>
#include <exception>
#include <string>

int main(int argc, char** argv) {
  if (argc != 6) return 64;
  try {
    bulkhead::HostOptions options;
    options.plugin_folders = {argv[1]};
    options.policy_file = argv[2];
    options.control_socket = false;  // a killed host would leave the file behind
    bulkhead::Host host(options);
    bulkhead::LoadOptions load;
    load.isolation = std::string(argv[3]) == "cell" ? bulkhead::Isolation::cell
                                                    : bulkhead::Isolation::in_process;
    const bulkhead::ProviderClient provider(host.load("local", load).open());
    const std::string handle =
        provider.submit(argv[4], {.tag = "crash", .arguments = {"/bin/sh", "-c", argv[5]}});
    std::printf("submitted %s\n", handle.c_str());
    std::fflush(stdout);
    for (;;) pause();
  } catch (const std::exception& error) {
    std::printf("failed %s\n", error.what());
    return 1;
  }
}
