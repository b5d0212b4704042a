#include "checkpoint.hpp"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstring>
#include <span>
#include <string>

#include "hash.hpp"

namespace linear {
namespace {

using bulkhead::PluginError;
using bulkhead::sdk::Call;
using bulkhead::sdk::Files;
using bulkhead::sdk::InputFile;
using bulkhead::sdk::OutputFile;

static_assert(std::endian::native == std::endian::little, "the file is little endian");

constexpr char kMagic[8] = {'B', 'H', 'L', 'I', 'N', 'E', 'A', 'R'};
constexpr std::uint32_t kFormat = 1;
constexpr std::size_t kPart = 256 * 1024;  // bytes between two polls

struct Header {
  char magic[8];
  std::uint32_t format;
  std::uint32_t size;
  Identity identity;
  State state;
  std::uint64_t checksum;
};
// Only numbers of 8 bytes, and two of 4 side by side: no gaps.
static_assert(sizeof(Header) == 16 + 10 * 8 + 7 * 8 + 8);

std::uint64_t checksum_of(const Header& header) {
  Hash hash;
  hash.add({reinterpret_cast<const char*>(&header), offsetof(Header, checksum)});
  return hash.value();
}

[[noreturn]] void invalid(std::string_view name, const std::string& why) {
  throw PluginError(BH_DATA_INVALID, "The file " + std::string(name) +
                                         " is no checkpoint of this plugin, or a "
                                         "damaged one: " +
                                         why + ".");
}

void check_identity(const Identity& theirs, const Identity& ours) {
  const auto check = [](const char* what, auto their, auto our) {
    if (their == our) return;
    throw PluginError(BH_VERSION_MISMATCH, "The checkpoint is of a run with " + std::string(what) +
                                               " " + std::to_string(their) + ", and this run has " +
                                               std::to_string(our) +
                                               "; open the run as that one was opened.");
  };
  if (theirs.classes == ours.classes && theirs.data != ours.data) {
    throw PluginError(
        BH_VERSION_MISMATCH,
        "The checkpoint is of a run with other data; open the run with the files that "
        "it was trained on, under the same names, in the same order.");
  }
  check("classes:", theirs.classes, ours.classes);
  check("seed:", theirs.seed, ours.seed);
  check("dimension:", theirs.dimension, ours.dimension);
  check("words:", theirs.words, ours.words);
  check("ngram:", theirs.ngram, ours.ngram);
  check("batch:", theirs.batch, ours.batch);
  check("learning_rate:", theirs.learning_rate, ours.learning_rate);
  check("metrics_every:", theirs.metrics_every, ours.metrics_every);
  check("evaluate_every:", theirs.evaluate_every, ours.evaluate_every);
}

Header read_header(const Call& call, const InputFile& file, const Identity& identity) {
  Header header{};
  const std::size_t got =
      file.read(call, 0, std::as_writable_bytes(std::span<Header, 1>(&header, 1)));
  if (got < offsetof(Header, identity) || std::memcmp(header.magic, kMagic, sizeof kMagic) != 0) {
    invalid(file.name(), "it does not begin as one");
  }
  if (header.format != kFormat) {
    throw PluginError(BH_VERSION_MISMATCH, "The checkpoint " + file.name() + " has format " +
                                               std::to_string(header.format) +
                                               ", and this plugin reads format " +
                                               std::to_string(kFormat) + ".");
  }
  if (got < sizeof header || header.size != sizeof header)
    invalid(file.name(), "its header is cut");
  if (header.checksum != checksum_of(header)) {
    invalid(file.name(), "the checksum of its header is wrong");
  }
  check_identity(header.identity, identity);
  return header;
}

void read_floats(const Call& call, const InputFile& file, std::uint64_t at, std::span<float> to,
                 Hash& hash) {
  std::span<std::byte> bytes = std::as_writable_bytes(to);
  while (!bytes.empty()) {
    call.check();
    const auto part = bytes.first(std::min(bytes.size(), kPart));
    if (file.read(call, at, part) != part.size()) invalid(file.name(), "it became shorter");
    hash.add({reinterpret_cast<const char*>(part.data()), part.size()});
    at += part.size();
    bytes = bytes.subspan(part.size());
  }
}

void write_floats(const Call& call, OutputFile& file, std::span<const float> from, Hash& hash) {
  std::span<const std::byte> bytes = std::as_bytes(from);
  while (!bytes.empty()) {
    call.check();
    const auto part = bytes.first(std::min(bytes.size(), kPart));
    hash.add({reinterpret_cast<const char*>(part.data()), part.size()});
    file.write(call, part);
    bytes = bytes.subspan(part.size());
  }
}

}  // namespace

std::uint64_t write_checkpoint(const Call& call, const Files& files, std::string_view name,
                               const Identity& identity, const State& state, Model& model) {
  Header header{};
  std::memcpy(header.magic, kMagic, sizeof kMagic);
  header.format = kFormat;
  header.size = sizeof header;
  header.identity = identity;
  header.state = state;
  header.checksum = checksum_of(header);
  OutputFile file = files.create(call, name);
  file.write(call, std::as_bytes(std::span<const Header, 1>(&header, 1)));
  Hash hash;
  write_floats(call, file, model.weights(), hash);
  write_floats(call, file, model.bias(), hash);
  const std::uint64_t checksum = hash.value();
  file.write(call, std::as_bytes(std::span<const std::uint64_t, 1>(&checksum, 1)));
  file.commit(call);
  return file.written();
}

State read_checkpoint(const Call& call, const Files& files, std::string_view name,
                      const Identity& identity, Model& model) {
  const InputFile file = files.open(call, name);
  const Header header = read_header(call, file, identity);
  const std::uint64_t weights = sizeof header, bias = weights + model.weights().size_bytes();
  const std::uint64_t end = bias + model.bias().size_bytes();
  if (file.size() != end + sizeof(std::uint64_t)) {
    invalid(file.name(), "it has " + std::to_string(file.size()) + " bytes where " +
                             std::to_string(end + sizeof(std::uint64_t)) + " belong");
  }
  Hash hash;
  read_floats(call, file, weights, model.weights(), hash);
  read_floats(call, file, bias, model.bias(), hash);
  std::uint64_t checksum = 0;
  const std::size_t got =
      file.read(call, end, std::as_writable_bytes(std::span<std::uint64_t, 1>(&checksum, 1)));
  if (got != sizeof checksum) invalid(file.name(), "it became shorter");
  if (checksum != hash.value()) invalid(file.name(), "the checksum of its weights is wrong");
  return header.state;
}

}  // namespace linear
