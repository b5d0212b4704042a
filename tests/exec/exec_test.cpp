// Plugins that are executables, end to end: the samples in C++ and Python do what the same plugin
// as a library does, and a faulty one is an error of a call or of a load.
#include <signal.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <numeric>
#include <thread>
#include <catch2/catch.hpp>

#include "tests/fixture/both_modes.hpp"

using namespace bulkhead;
using namespace bulkhead::test;
using namespace std::chrono_literals;
using Catch::Matchers::Contains;

namespace {

namespace fs = std::filesystem;

struct Executables : TestHost {
  Executables() { plugins(BULKHEAD_EXEC_PACKAGES); }

  CodecClient cell(std::string_view id) { return codec(id, Isolation::cell); }

  // A package of the test's own: an executable of that text, and what it may import.
  fs::path package(const std::string& id, const std::string& script,
                   const std::string& interpreter = "python3") {
    const fs::path folder = "plugins/" + id;
    std::string manifest = "manifest = 1\n[plugin]\nid = '" + id +
                           "'\nversion = '1.0.0'\nkind = 'codec'\n[runtime]\ntype = 'exec'\n"
                           "entry = 'bin/entry'\n";
    if (!interpreter.empty()) manifest += "interpreter = '" + interpreter + "'\n";
    manifest += "[interfaces]\noffers = ['bulkhead.codec/1']\n";
    TestHost::folder().write(folder / "plugin.toml", manifest);
    const fs::path entry = TestHost::folder().write(folder / "bin/entry", script);
    for (const char* name : {"bulkhead_cell.py", "capnp_message.py"}) {
      fs::copy_file(fs::path(BULKHEAD_EXEC_PYTHON) / name, entry.parent_path() / name);
    }
    // A cell is another user.
    fs::permissions(TestHost::folder().path(), fs::perms(0755));
    plugins(TestHost::folder().path() / "plugins");
    return entry;
  }
};

// A plugin in Python; `body` is what runs for every call, with `text` and `results`.
std::string plugin_script(const std::string& id, const std::string& body) {
  return "import os, sys, time, signal\n"
         "sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))\n"
         "from bulkhead_cell import Cell, CallError\n"
         "class Instance:\n"
         "    def dispatch(self, call, interface, method, params, results):\n"
         "        text = bytes(params.data(0))\n" +
         body + "\nCell(int(os.environ['BULKHEAD_SOCKET']), '" + id +
         "', '1.0.0', ['bulkhead.codec/1'], lambda call, config: Instance()).serve()\n";
}

// What a codec does with some inputs, errors included.
struct Behaviour {
  std::vector<CodecClient::Ids> ids;
  std::vector<std::string> texts, errors;
  CodecInfo info;
};

std::string all_bytes() {
  std::string text(1000, '\0');
  std::iota(text.begin(), text.end(), '\0');
  return text;
}

Behaviour behaviour_of(const CodecClient& codec) {
  Behaviour behaviour;
  for (const std::string& text :
       {std::string(), std::string("Hi"), all_bytes(), std::string(3'000'000, 'x')}) {
    behaviour.ids.push_back(codec.encode(text));
    behaviour.texts.push_back(codec.decode(behaviour.ids.back()));
    CHECK(behaviour.texts.back() == text);
    CHECK(codec.count(text) == text.size());
  }
  const CodecClient::Ids wrong = {72, 300};
  const Failure failure = failure_of([&] { codec.decode(wrong); });
  CHECK(failure.status == Status::invalid_argument);
  CHECK_THAT(failure.message, Contains("id 300 is no byte"));
  behaviour.info = codec.info();
  return behaviour;
}

}  // namespace

TEST_CASE_METHOD(Executables, "an executable does what the same plugin as a library does") {
  const std::string id = GENERATE("exec_cpp", "exec_python");
  CAPTURE(id);
  const Behaviour library = behaviour_of(cell("first_plugin"));
  const Behaviour executable = behaviour_of(cell(id));
  CHECK(executable.ids == library.ids);
  CHECK(executable.texts == library.texts);
  CHECK(executable.info.name == library.info.name);
  CHECK(executable.info.languages == library.info.languages);
  CHECK(executable.info.vocabulary == library.info.vocabulary);
  CHECK(executable.info.max_id == library.info.max_id);
  CHECK(executable.info.max_token_bytes == library.info.max_token_bytes);
}

TEST_CASE_METHOD(Executables, "an executable is listed, and runs at the level of other cells") {
  const std::string id = GENERATE("exec_cpp", "exec_python");
  CAPTURE(id);
  bool listed = false;
  for (const PluginInfo& plugin : host().list()) listed = listed || plugin.id == id;
  CHECK(listed);
  Plugin plugin = load(id, Isolation::cell);
  CHECK(plugin.process() > 0);
  CHECK(plugin.level().number == load("first_plugin", Isolation::cell).level().number);
}

TEST_CASE_METHOD(Executables, "many calls and instances at once, from many threads") {
  const std::string id = GENERATE("exec_cpp", "exec_python");
  CAPTURE(id);
  Plugin plugin = load(id, Isolation::cell);
  std::vector<std::thread> threads;
  std::atomic<int> right{0};
  for (int n = 0; n < 8; ++n) {
    threads.emplace_back([&, n] {
      const CodecClient codec = plugin.codec();
      for (int i = 0; i < 25; ++i) {
        const std::string text(static_cast<std::size_t>(n * 1000 + i), 'a');
        if (codec.decode(codec.encode(text)) == text) ++right;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(right == 200);
}

TEST_CASE_METHOD(Executables, "an executable does not run in process") {
  const std::string id = GENERATE("exec_cpp", "exec_python");
  const Failure failure = failure_of([&] { load(id, Isolation::in_process); });
  CHECK(failure.status == Status::unsupported);
  CHECK_THAT(failure.message, Contains(id) && Contains("can't run in process"));
}

TEST_CASE_METHOD(Executables, "a policy of in process means a cell for an executable") {
  policy("[isolation]\ndefault = 'in-process'\n");
  Plugin plugin = host().load("exec_cpp");
  CHECK(plugin.isolation() == Isolation::cell);
  CHECK(plugin.codec().count("four") == 4);
}

TEST_CASE_METHOD(Executables, "a call of an executable is cancelled, and the next one runs") {
  const std::string id = GENERATE("exec_cpp", "exec_python");
  CAPTURE(id);
  const CodecClient codec = cell(id);
  const std::string large(100'000'000, 'x');
  CallOptions options;
  options.timeout = 20ms;
  CHECK(failure_of([&] { codec.encode(large, {}, options); }).status == Status::deadline_exceeded);
  CHECK(codec.count("four") == 4);
}

TEST_CASE_METHOD(Executables, "a method that loops obeys a deadline and keeps its process") {
  package("looping", plugin_script("looping",
                                   "        if text == b'loop':\n"
                                   "            while True: call.check()\n"
                                   "        results(2, 0).set('Q', 0, len(text))"));
  Plugin plugin = load("looping", Isolation::cell);
  const CodecClient codec = plugin.codec();
  const int before = plugin.process();
  CallOptions options;
  options.timeout = 100ms;
  CHECK(failure_of([&] { codec.count("loop", {}, options); }).status == Status::deadline_exceeded);
  CHECK(codec.count("four") == 4);
  CHECK(plugin.process() == before);

  CancelSource cancel;
  CallOptions cancelled;
  cancelled.cancel = &cancel;
  std::thread soon([&cancel] {
    std::this_thread::sleep_for(50ms);
    cancel.cancel();
  });
  CHECK(failure_of([&] { codec.count("loop", {}, cancelled); }).status == Status::cancelled);
  soon.join();
  CHECK(codec.count("four") == 4);
  CHECK(plugin.process() == before);
}

TEST_CASE_METHOD(Executables, "a method that never looks is ended with its process") {
  policy("[limits]\ngrace = '200 ms'\n");
  package("deaf", plugin_script("deaf",
                                "        while text == b'loop': pass\n"
                                "        results(2, 0).set('Q', 0, len(text))"));
  Plugin plugin = load("deaf", Isolation::cell);
  const CodecClient codec = plugin.codec();
  const int before = plugin.process();
  CallOptions options;
  options.timeout = 100ms;
  CHECK(failure_of([&] { codec.count("loop", {}, options); }).status == Status::deadline_exceeded);
  CHECK(codec.count("four") == 4);
  CHECK(plugin.process() != before);
}

TEST_CASE_METHOD(Executables, "an executable that crashes is an error, and a new one follows") {
  struct Crash {
    const char* code;
    const char* words;
  };
  const auto crash =
      GENERATE(Crash{"os.kill(os.getpid(), signal.SIGSEGV)", "SIGSEGV"}, Crash{"os._exit(7)", "7"},
               Crash{"os.abort()", "SIGABRT"}, Crash{"import socket; socket.socket()", "SIGSYS"},
               Crash{"os.execv('/usr/bin/python3', ['python3'])", "SIGSYS"});
  CAPTURE(crash.code);
  package("crashing",
          plugin_script("crashing", "        if text == b'crash': " + std::string(crash.code) +
                                        "\n        results(2, 0).set('Q', 0, 4)"));
  Plugin plugin = load("crashing", Isolation::cell);
  if (plugin.level().number == 0 && std::string_view(crash.words) == "SIGSYS") return;
  const CodecClient codec = plugin.codec();
  const Failure failure = failure_of([&] { codec.count("crash"); });
  CHECK(failure.status == Status::plugin_crashed);
  CHECK_THAT(failure.message, Contains(crash.words));
  CHECK(codec.count("four") == 4);
}

TEST_CASE_METHOD(Executables, "results that are no answer are an error, as JSON too") {
  package("lying", plugin_script("lying",
                                 "        result = results(1, 2)\n"
                                 "        result.set_u32_list(0, bytes(4))\n"
                                 "        if text == b'lie':\n"
                                 "            result.set_u64_list(1, bytes(8) + b'\\xff' * 8)"));
  Instance lying = load("lying", Isolation::cell).open();
  const auto encode = [&](const std::string& text) {
    return lying.call_json("bulkhead.codec/1", "encode", R"({"text": ")" + text + "\"}");
  };
  CHECK_THAT(encode("true"), Contains(R"("ids":[0])"));
  CHECK(failure_of([&] { encode("lie"); }).status == Status::protocol_error);
}

TEST_CASE_METHOD(Executables, "an exception in Python is an error of its call") {
  package("raising", plugin_script("raising", "        raise ValueError('no such luck')"));
  const Failure failure = failure_of([codec = cell("raising")] { codec.count("x"); });
  CHECK(failure.status == Status::internal);
  CHECK_THAT(failure.message, Contains("ValueError: no such luck"));
}

TEST_CASE_METHOD(Executables, "what an executable prints is in the log") {
  package("printing", plugin_script("printing",
                                    "        print('to the log', flush=True)\n"
                                    "        results(2, 0).set('Q', 0, 4)"));
  const CodecClient codec = cell("printing");
  CHECK(codec.count("four") == 4);
  CHECK(wait_for_log("to the log"));
}

TEST_CASE_METHOD(Executables, "an executable that does not serve is an error of its load") {
  struct Fault {
    const char* script;
    Status status;
    const char* words;
  };
  const auto fault = GENERATE(
      Fault{"raise SystemExit(3)\n", Status::plugin_crashed, "code 3"},
      Fault{"import os\nos.write(3, b'\\xff' * 64)\nos.read(3, 1 << 16)\nos.read(3, 1)\n",
            Status::protocol_error, "malformed"},
      Fault{"import os\nos.write(3, b'HTTP/1.1 200 OK\\r\\n\\r\\n' * 8)\nos.read(3, 1 << 16)\n",
            Status::protocol_error, ""},
      Fault{"this is no python\n", Status::plugin_crashed, "code 1"},
      Fault{"import os\nos.close(3)\n", Status::plugin_crashed, ""});
  CAPTURE(fault.script);
  package("faulty_start", fault.script);
  const Failure failure = failure_of([&] { load("faulty_start", Isolation::cell); });
  CHECK(failure.status == fault.status);
  CHECK_THAT(failure.message, Contains("faulty_start") && Contains(fault.words));
}

TEST_CASE_METHOD(Executables, "an executable that says nothing is ended at the start's deadline") {
  policy("[limits]\nstart_timeout = '500 ms'\n");
  package("silent", "import time\ntime.sleep(1000)\n");
  const Failure failure = failure_of([&] { load("silent", Isolation::cell); });
  CHECK(failure.status == Status::deadline_exceeded);
}

TEST_CASE_METHOD(Executables, "an executable of another id or interface is refused") {
  package("impostor", plugin_script("somebody", "        pass"));
  const Failure failure = failure_of([&] { load("impostor", Isolation::cell); });
  CHECK(failure.status == Status::data_invalid);
  CHECK_THAT(failure.message, Contains("the executable says that it is 'somebody 1.0.0'"));
}

TEST_CASE_METHOD(Executables, "an entry that can't be executed is a sentence") {
  const fs::path entry = package("broken", "#!/bin/sh\nexit 0\n", "");
  SECTION("it is missing") {
    fs::remove(entry);
    const Failure failure = failure_of([&] { load("broken", Isolation::cell); });
    CHECK(failure.status == Status::not_found);
    CHECK_THAT(failure.message, Contains("bin/entry") && Contains("can't be found"));
  }
  SECTION("it is not executable") {
    const Failure failure = failure_of([&] { load("broken", Isolation::cell); });
    CHECK(failure.status == Status::data_invalid);
    CHECK_THAT(failure.message, Contains("not executable") && Contains("chmod"));
  }
  SECTION("it is a script, and the manifest names no interpreter") {
    fs::permissions(entry, fs::perms(0755));
    const Failure failure = failure_of([&] { load("broken", Isolation::cell); });
    CHECK(failure.status == Status::unavailable);
    CHECK_THAT(failure.message, Contains("runtime.interpreter"));
  }
}

TEST_CASE_METHOD(Executables, "an executable reads its package and nothing else of the machine") {
  package("curious", plugin_script("curious",
                                   "        try:\n"
                                   "            size = len(open(text.decode(), 'rb').read())\n"
                                   "        except OSError as error:\n"
                                   "            raise CallError(2, error.strerror)\n"
                                   "        results(2, 0).set('Q', 0, size)"));
  Plugin plugin = load("curious", Isolation::cell);
  if (plugin.level().number == 0) return;  // a build with sanitizers
  const CodecClient codec = plugin.codec();
  for (const char* path : {"/etc/passwd", "/etc/shadow", "/proc/self/environ", "/tmp"}) {
    CAPTURE(path);
    CHECK(failure_of([&] { codec.count(path); }).status == Status::not_found);
  }
}

TEST_CASE_METHOD(Executables, "closing the host ends executables, busy ones too") {
  package("busy", plugin_script("busy", "        while True: pass"));
  Plugin plugin = load("busy", Isolation::cell);
  const int process = plugin.process();
  auto running = plugin.codec().decode_async({});
  close();
  CHECK_THROWS_AS(running.get(), Error);
  CHECK(eventually([&] { return ::kill(process, 0) != 0; }));
}
