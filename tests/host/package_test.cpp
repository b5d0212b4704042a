// Packages that can't be loaded: each a sentence for the person who must act, and nothing left
// over. A library that the host has not seen is opened in a cell first, so that most of these never
// touch the host's own process: both modes give the same error.
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <catch2/catch.hpp>

#include "tests/fixture/both_modes.hpp"

using namespace bulkhead;
using namespace bulkhead::test;
using Catch::Matchers::Contains;
namespace fs = std::filesystem;

namespace {

constexpr char kManifest[] = R"(manifest = 1

[plugin]
id = "broken"
version = "1.0.0"
kind = "codec"

[runtime]
type = "library"
entry = "lib/broken.so"

[interfaces]
offers = ["bulkhead.codec/1"]
)";

// A package "broken" of the test's own making.
struct Packages : TestHost {
  Packages() {
    fs::create_directories(folder().path() / "plugins");
    plugins(folder().path() / "plugins");
  }

  fs::path package() const { return folder().path() / "plugins/broken/1.0.0"; }
  void put(const std::string& name, std::string_view content) {
    folder().write("plugins/broken/1.0.0/" + name, content);
  }
  static std::string good_library() {
    return read_file(fs::path(BULKHEAD_FAULTY_PACKAGES) / "null_codec/1.0.0/lib/null_codec.so");
  }

  Failure load_failure(std::string_view id, Isolation isolation) {
    return failure_of([&] { load(id, isolation); });
  }
  // The failure that both modes share.
  Failure load_failure(std::string_view id) {
    const auto [here, there] =
        in_both([&](Isolation isolation) { return load_failure(id, isolation); });
    CHECK(here == there);
    CHECK_THAT(here.message, Contains(std::string(id)));
    CHECK(codec("null_codec", Isolation::in_process).count("fine") == 4);
    return here;
  }
};

}  // namespace

TEST_CASE_METHOD(Packages, "versions that don't meet are a sentence that names both sides") {
  const std::string host = "1.0";
  const Failure newer = load_failure("too_new");
  CHECK(newer.status == Status::version_mismatch);
  CHECK_THAT(newer.message, Contains("too new") && Contains("2.0") && Contains(host));
  const Failure older = load_failure("too_old");
  CHECK(older.status == Status::version_mismatch);
  CHECK_THAT(older.message, Contains("too old") && Contains("0.0") && Contains(host));
  const Failure minor = load_failure("newer_minor");
  CHECK(minor.status == Status::version_mismatch);
  CHECK_THAT(minor.message, Contains("1.99") && Contains(host));
}

TEST_CASE_METHOD(Packages, "a plugin of another sanitizer is refused, with both named") {
  const Failure failure = load_failure("wrong_sanitizer");
  CHECK(failure.status == Status::version_mismatch);
  CHECK_THAT(failure.message, Contains("Sanitizer") && Contains("1.0"));
}

TEST_CASE_METHOD(Packages, "a library that is no plugin is refused") {
  const Failure failure = load_failure("no_symbol");
  CHECK_THAT(failure.message, Contains("bulkhead_query"));
  CHECK_THAT(load_failure("null_descriptor").message, Contains("null"));
  CHECK_THAT(load_failure("bad_magic").message, Contains("magic"));
  CHECK_THAT(load_failure("short_struct").message, Contains("too short"));
}

TEST_CASE_METHOD(Packages, "a library that is another plugin than its manifest says is refused") {
  CHECK_THAT(load_failure("id_mismatch").message, Contains("somebody_else"));
}

TEST_CASE_METHOD(Packages, "a service that the host lacks is named") {
  const Failure failure = load_failure("needs_service");
  CHECK_THAT(failure.message, Contains("bulkhead.teleport/7"));
}

TEST_CASE_METHOD(Packages, "a missing dependency of the library is named") {
  CHECK_THAT(load_failure("missing_dep").message, Contains("libdoesnotexist.so"));
}

TEST_CASE_METHOD(Packages, "a library whose constructor crashes ends its cell, not the host") {
  const Failure failure = load_failure("crash_ctor");
  CHECK(failure.status == Status::plugin_crashed);
  CHECK_THAT(failure.message, Contains("SIGSEGV"));
}

TEST_CASE_METHOD(Packages, "a library whose constructor throws ends its cell, not the host") {
  CHECK(load_failure("throw_ctor").status == Status::plugin_crashed);
}

TEST_CASE_METHOD(Packages, "a library whose constructor hangs is ended at the start timeout") {
  policy("[limits]\nstart_timeout = \"1 s\"\ngrace = \"100 ms\"\n");
  const Failure failure = load_failure("hang_ctor");
  CHECK(failure.status == Status::deadline_exceeded);
  CHECK_THAT(failure.message, Contains("start_timeout") || Contains("1 s") || Contains("1s"));
}

TEST_CASE_METHOD(Packages, "a file that is no library for this machine is refused") {
  put("plugin.toml", kManifest);
  SECTION("a truncated library") {
    const std::string whole = good_library();
    const auto size = GENERATE(as<std::size_t>{}, 0, 3, 40, 64, 500, 4096, 8000);
    put("lib/broken.so", whole.substr(0, size));
    const Failure failure = load_failure("broken");
    CHECK(failure.status != Status::ok);
  }
  SECTION("a library of another machine") {
    std::string library = good_library();
    const std::uint16_t aarch64 = 183, x86_64 = 62;
    std::uint16_t machine = 0;
    std::memcpy(&machine, library.data() + 18, sizeof machine);  // e_machine
    machine = machine == aarch64 ? x86_64 : aarch64;
    std::memcpy(library.data() + 18, &machine, sizeof machine);
    put("lib/broken.so", library);
    CHECK_THAT(load_failure("broken").message,
               Contains("aarch64") || Contains("architecture") || Contains("machine"));
  }
  SECTION("a text file") {
    put("lib/broken.so", "#!/bin/sh\n" + std::string(5000, '#'));
    CHECK_THAT(load_failure("broken").message, Contains("ELF"));
  }
  SECTION("a folder") {
    fs::create_directories(package() / "lib/broken.so");
    load_failure("broken");
  }
  SECTION("nothing at all") {
    CHECK_THAT(load_failure("broken").message, Contains("lib/broken.so"));
  }
  SECTION("a link that leads out of the package") {
    fs::create_directories(package() / "lib");
    fs::create_symlink(fs::path(BULKHEAD_FAULTY_PACKAGES) / "null_codec/1.0.0/lib/null_codec.so",
                       package() / "lib/broken.so");
    load_failure("broken");
  }
  SECTION("a pipe") {
    fs::create_directories(package() / "lib");
    REQUIRE(::mkfifo((package() / "lib/broken.so").c_str(), 0600) == 0);
    load_failure("broken");
  }
}

TEST_CASE_METHOD(Packages, "a package without a usable manifest is refused, with its place") {
  put("lib/broken.so", good_library());
  SECTION("a malformed one") {
    put("plugin.toml", "manifest = 1\n[plugin\nid = \"broken\"\n");
    const Failure failure = load_failure("broken");
    CHECK(failure.status == Status::data_invalid);
    CHECK_THAT(failure.message,
               Contains("plugin.toml:2:") && !Contains("looked in") && !Contains("did you mean"));
    // Of a plugin whose name only begins like it nothing is known.
    const Failure other = failure_of([&] { load("brok", Isolation::cell); });
    CHECK(other.status == Status::not_found);
    CHECK_THAT(other.message, !Contains("plugin.toml:2:"));
  }
  SECTION("one with an unknown key") {
    put("plugin.toml", std::string(kManifest) + "[runtme]\n");
    CHECK_THAT(load_failure("broken").message, Contains("runtme") && Contains("runtime"));
  }
  SECTION("one that is a pipe") {
    REQUIRE(::mkfifo((package() / "plugin.toml").c_str(), 0600) == 0);
    load_failure("broken");  // and does not wait for a writer
  }
  SECTION("one that can't be read") {
    if (::geteuid() == 0) return;  // root reads everything
    put("plugin.toml", kManifest);
    fs::permissions(package() / "plugin.toml", fs::perms::none);
    CHECK_THAT(load_failure("broken").message, Contains("plugin.toml"));
  }
  SECTION("none at all") { load_failure("broken"); }
  SECTION("one without an end") {
    put("plugin.toml", std::string(3'000'000, '#'));
    load_failure("broken");
  }
}

TEST_CASE_METHOD(Packages, "a broken package is in the list, with its reason, and hides no other") {
  put("plugin.toml", "manifest = 1\n[plugin\n");
  bool broken = false, good = false;
  for (const PluginInfo& info : host().list()) {
    if (info.folder.find("broken/1.0.0") != std::string::npos) {
      broken = true;
      CHECK_THAT(info.error, Contains("plugin.toml:2:"));
    }
    if (info.id == "null_codec" && info.version == "1.5.0") {
      good = true;
      CHECK(info.error.empty());
      CHECK(info.kind == "codec");
      CHECK(info.interfaces == std::vector<std::string>{"bulkhead.codec/1"});
    }
  }
  CHECK(broken);
  CHECK(good);
}

TEST_CASE_METHOD(Packages, "a folder that contradicts its manifest is broken, with both named") {
  const std::string other = GENERATE("broken/2.0.0", "brocken/1.0.0");
  folder().write("plugins/" + other + "/plugin.toml", kManifest);
  folder().write("plugins/" + other + "/lib/broken.so", good_library());
  const std::string id = other.substr(0, other.find('/'));
  const Failure failure = load_failure(id);
  CHECK(failure.status == Status::data_invalid);
  CHECK_THAT(failure.message, Contains("broken 1.0.0") && Contains(other));
}

TEST_CASE_METHOD(Packages, "a plugin folder may be relative, and stays what it was at the start") {
  const auto here = fs::current_path();
  options().plugin_folders = {fs::path(BULKHEAD_FAULTY_PACKAGES).filename()};
  fs::current_path(fs::path(BULKHEAD_FAULTY_PACKAGES).parent_path());
  host();
  fs::current_path(here);
  const auto [in_process, in_cell] =
      in_both([&](Isolation isolation) { return codec("null_codec", isolation).count("four"); });
  CHECK(in_process == 4);
  CHECK(in_cell == 4);
}

TEST_CASE_METHOD(Packages, "the time of a start can be shorter than the policy's") {
  policy("[limits]\ngrace = \"100 ms\"\nstart_timeout = \"1 h\"\n");
  LoadOptions options;
  options.start_timeout = std::chrono::milliseconds(300);
  const auto [here, there] = in_both([&](Isolation isolation) {
    options.isolation = isolation;
    return failure_of([&] { host().load("hang_ctor", options); });
  });
  CHECK(here.status == Status::deadline_exceeded);
  CHECK_THAT(here.message, Contains("300 ms"));
  CHECK(here == there);
}

TEST_CASE_METHOD(Packages, "a call's own time bounds the start that it causes") {
  policy("[limits]\ngrace = \"100 ms\"\nstart_timeout = \"1 h\"\n");
  const fs::path faulty = BULKHEAD_FAULTY_PACKAGES, own = folder().path() / "plugins/null_codec";
  fs::create_directories(own);
  fs::copy(faulty / "null_codec/1.0.0", own / "1.0.0", fs::copy_options::recursive);
  Plugin plugin = load("null_codec", Isolation::cell, "1.0.0");
  const CodecClient codec = plugin.codec();
  CHECK(codec.count("one") == 3);
  // A new file, not new content: the cell that runs has mapped the old one.
  fs::remove(own / "1.0.0/lib/null_codec.so");
  fs::copy_file(faulty / "hang_ctor/1.0.0/lib/hang_ctor.so", own / "1.0.0/lib/null_codec.so");
  const int first = plugin.process();
  REQUIRE(::kill(first, SIGKILL) == 0);
  REQUIRE(eventually([&] { return plugin.process() != first; }));
  CallOptions options;
  options.timeout = std::chrono::milliseconds(300);
  const Failure failure = failure_of([&] { codec.count("two", {}, options); });
  CHECK(failure.status == Status::deadline_exceeded);
  CHECK_THAT(failure.message, Contains("300 ms"));
}

TEST_CASE_METHOD(Packages, "a good package stays good after a bad one was tried in process") {
  put("plugin.toml", kManifest);
  put("lib/broken.so", "nothing");
  for (int i = 0; i < 3; ++i) load_failure("broken", Isolation::in_process);
  // The same folder, repaired: what was learnt of the bad file does not stick to the name.
  std::string library = good_library();
  put("lib/broken.so", library);
  const Failure failure = load_failure("broken", Isolation::in_process);
  CHECK_THAT(failure.message, Contains("null_codec"));  // now it says its own name
}

TEST_CASE_METHOD(Packages, "many failed loads leave nothing behind") {
  put("plugin.toml", kManifest);
  put("lib/broken.so", "nothing");
  load_failure("broken", Isolation::cell);
  load_failure("crash_ctor", Isolation::in_process);
  const std::size_t descriptors = open_descriptors().size(), running = threads().size();
  const std::size_t processes = descendant_processes().size();
  for (int i = 0; i < 20; ++i) {
    load_failure("broken", i % 2 == 0 ? Isolation::cell : Isolation::in_process);
    load_failure("no_symbol", i % 2 == 0 ? Isolation::cell : Isolation::in_process);
  }
  CHECK(eventually([&] {
    return open_descriptors().size() <= descriptors && threads().size() <= running &&
           descendant_processes().size() <= processes;
  }));
}

TEST_CASE_METHOD(TestHost,
                 "a policy that names an unknown plugin is a warning with the nearest one") {
  policy("[[rule]]\nmatch = \"null_codek\"\nisolation = \"in-process\"\n");
  host();
  const auto record = wait_for_log("null_codek");
  REQUIRE(record);
  CHECK(record->level == BH_LOG_WARN);
  CHECK_THAT(record->text, Contains("null_codec"));
}

TEST_CASE_METHOD(TestHost,
                 "a policy that is malformed or missing is an error before anything runs") {
  policy("[limits]\nin_flite = 4\n");
  const Failure failure = failure_of([&] { host(); });
  CHECK_THAT(failure.message,
             Contains("bulkhead.toml:3:") && Contains("in_flite") && Contains("in_flight"));
  HostOptions options = this->options();
  options.policy_file = (folder().path() / "missing.toml").string();
  const Failure missing = failure_of([&] { Host another(options); });
  CHECK_THAT(missing.message, Contains("missing.toml"));
}
