// docs/command-line.md and the program stay in step: it names every command and option, and its
// examples print what it says.
#include <regex>
#include <set>
#include <sstream>
#include <catch2/catch.hpp>

#include "tests/cli/command.hpp"

namespace bulkhead::test {
namespace {

std::string page() { return read_file(BULKHEAD_COMMAND_LINE_PAGE); }

const std::vector<std::vector<std::string>> kCommands = {{},
                                                         {"list"},
                                                         {"info"},
                                                         {"call"},
                                                         {"new"},
                                                         {"run"},
                                                         {"ps"},
                                                         {"doctor"},
                                                         {"codec", "encode"},
                                                         {"codec", "decode"},
                                                         {"codec", "tokenize"},
                                                         {"codec", "count"},
                                                         {"secrets", "set"},
                                                         {"secrets", "list"},
                                                         {"secrets", "rm"}};

std::set<std::string> options_in(const std::string& text) {
  std::set<std::string> options;
  const std::regex option("--[a-z][a-z-]+");
  for (std::sregex_iterator at(text.begin(), text.end(), option), end; at != end; ++at)
    options.insert(at->str());
  return options;
}

TEST_CASE("the page names every command and every option, and no other") {
  const World world;
  const std::string text = page();
  std::set<std::string> known;
  for (std::vector<std::string> words : kCommands) {
    std::string name = "bulkhead";
    for (const std::string& word : words) name += " " + word;
    CHECK(text.find(name) != std::string::npos);
    words.push_back("--help");
    for (const std::string& option : options_in(world.run(words).out)) {
      INFO(name << " " << option);
      CHECK(text.find(option) != std::string::npos);
      known.insert(option);
    }
  }
  for (const std::string& option : options_in(text)) {
    INFO(option << " is on the page only");
    CHECK(known.contains(option));
  }
}

TEST_CASE("the page has every command of the help text") {
  const World world;
  std::istringstream help(world.run({"--help"}).out);
  bool commands = false;
  unsigned found = 0;
  for (std::string line; std::getline(help, line);) {
    if (line == "Subcommands:")
      commands = true;
    else if (line.empty())
      commands = false;
    else if (commands) {
      const std::string name = line.substr(2, line.find(' ', 2) - 2);
      INFO(name);
      CHECK(page().find("\n## `bulkhead " + name) != std::string::npos);
      ++found;
    }
  }
  CHECK(found >= 7);
}

struct Example {
  std::string script, expected;
};

// Blocks ```console: "$ command" and what it prints, standard error too. "..." alone on a line
// stands for anything to the end of the block.
std::vector<Example> examples() {
  std::vector<Example> result;
  std::istringstream lines(page());
  bool inside = false;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("```")) {
      inside = line == "```console";
    } else if (inside && line.starts_with("$ ")) {
      result.push_back({line.substr(2), ""});
    } else if (inside) {
      result.back().expected += line + "\n";
    }
  }
  return result;
}

TEST_CASE("the page's examples print what the page says") {
  const World world;
  if (!World::has_gpt2()) {
    WARN("en_gpt2 was not built, so the examples were not run");
    return;
  }
  for (const Example& example : examples()) {
    const Ran ran = world.shell("exec 2>&1; " + example.script);
    INFO("$ " << example.script << "\n" << ran.out << "\nexpected:\n" << example.expected);
    const std::size_t rest = example.expected.find("...\n");
    if (rest == std::string::npos)
      CHECK(ran.out == example.expected);
    else
      CHECK(ran.out.starts_with(example.expected.substr(0, rest)));
  }
  CHECK(examples().size() >= 5);
}

}  // namespace
}  // namespace bulkhead::test
