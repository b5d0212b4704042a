// Every ```toml block of the two reference pages is read by the program that the pages describe.
//
// A block that lacks parts which every file needs is completed. In a block headed "```toml
// refused", the file must be refused, and the ```text block after it must be the message.
#include <fstream>
#include <sstream>
#include <catch2/catch.hpp>

#include "host/policy/limit_table.hpp"
#include "host/policy/policy.hpp"
#include "registry/manifest/manifest.hpp"
#include "tests/manifest/file_error.hpp"

namespace {

using bulkhead::manifest::Manifest;
using bulkhead::policy::Policy;

struct Block {
  std::string head, body;
  int line = 0;
};

std::vector<Block> blocks_of(const std::string& page) {
  std::ifstream file(std::string(BULKHEAD_DOCS_FOLDER) + "/" + page);
  REQUIRE(file);
  std::vector<Block> blocks;
  bool inside = false;
  std::string line;
  for (int number = 1; std::getline(file, line); ++number) {
    if (line.starts_with("```")) {
      inside = !inside;
      if (inside) blocks.push_back({line.substr(3), "", number});
    } else if (inside) {
      blocks.back().body += line + "\n";
    }
  }
  CHECK_FALSE(inside);
  return blocks;
}

std::string whole_manifest(std::string text) {
  const auto lacks = [&](const char* part) { return text.find(part) == std::string::npos; };
  std::string tail;
  if (lacks("[plugin]")) tail += "[plugin]\nid = 'one'\nversion = '1.0.0'\nkind = 'codec'\n";
  if (lacks("[runtime]")) tail += "[runtime]\ntype = 'library'\nentry = 'lib/one.so'\n";
  const std::string head = lacks("manifest = ") ? "manifest = 1\n" : "";
  return head + text + tail;
}

std::string whole_policy(const std::string& text) {
  return text.find("policy = ") == std::string::npos ? "policy = 1\n" + text : text;
}

// Reads all blocks of a page; returns how many it read.
template <class Read>
int read_blocks(const std::string& page, Read read) {
  int count = 0;
  const auto blocks = blocks_of(page);
  for (std::size_t index = 0; index < blocks.size(); ++index) {
    const Block& block = blocks[index];
    if (!block.head.starts_with("toml")) continue;
    INFO("docs/" << page << ":" << block.line);
    ++count;
    const std::string error = error_of([&] { read(block.body); });
    if (block.head == "toml refused") {
      REQUIRE(index + 1 < blocks.size());
      CHECK(error + "\n" == blocks[index + 1].body);
    } else {
      CHECK(error == "no error");
    }
  }
  return count;
}

std::string page_text(const std::string& page) {
  std::ifstream file(std::string(BULKHEAD_DOCS_FOLDER) + "/" + page);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace

TEST_CASE("the examples of docs/manifest.md are manifests") {
  CHECK(read_blocks("manifest.md", [](const std::string& text) {
          Manifest::parse(whole_manifest(text), "plugin.toml", "linux-x86_64");
        }) >= 5);
}

TEST_CASE("the examples of docs/policy.md are policies") {
  CHECK(read_blocks("policy.md", [](const std::string& text) {
          Policy::parse(whole_policy(text), "bulkhead.toml");
        }) >= 5);
}

TEST_CASE("docs/policy.md names every limit with its default, minimum and maximum") {
  const std::string text = page_text("policy.md");
  for (const auto& entry : bulkhead::policy::limit_table()) {
    const auto shown = [&](std::uint64_t value) {
      return bulkhead::policy::limit_text(entry, value);
    };
    const std::string row = std::string("| `") + entry.name + "` | " +
                            shown(get_limit(bulkhead::policy::Limits{}, entry)) + " | " +
                            shown(entry.minimum) + " | " + shown(entry.maximum) + " |";
    CAPTURE(row);
    CHECK(text.find(row) != std::string::npos);
  }
}
