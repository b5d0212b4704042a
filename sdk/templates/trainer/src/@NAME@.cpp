// @NAME@: a trainer. Its model is how often each byte occurs in a text; a step learns from one
// piece of it. Replace the two classes by your own.
#include <bulkhead/sdk/trainer.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <numeric>
#include <random>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace {

// All that a run has learnt: what a checkpoint holds.
struct State {
  char format[8] = {'b', 'y', 't', 'e', 's', '-', '0', '1'};
  std::uint64_t data_size = 0;  // of the text that it belongs to
  std::uint64_t step = 0, samples = 0, position = 0;
  double loss = 0;
  std::array<std::uint64_t, 256> counts{};
  std::uint64_t checksum = 0;  // of all before it
};

std::uint64_t checksum(const State& state) {
  std::uint64_t hash = 14695981039346656037u;  // FNV-1a
  const auto* bytes = reinterpret_cast<const unsigned char*>(&state);
  for (std::size_t i = 0; i < offsetof(State, checksum); ++i)
    hash = (hash ^ bytes[i]) * 1099511628211u;
  return hash;
}

class Run : public bulkhead::TrainingRun {
 public:
  Run(const bulkhead::sdk::Files& files, bulkhead::sdk::InputFile data)
      : files_(files), data_(std::move(data)) {
    state_.data_size = data_.size();
    state_.counts.fill(1);  // no byte is impossible
  }

  // The loss is what the model expected of the piece, before it learns from it.
  double step(const Call& call, Metrics& metrics) override {
    std::array<std::byte, kPiece> piece;
    const std::size_t size = data_.read(call, state_.position, piece);
    if (size == 0) throw PluginError(BH_DATA_INVALID, "The data became shorter.");
    const auto total = static_cast<double>(
        std::accumulate(state_.counts.begin(), state_.counts.end(), std::uint64_t{0}));
    State next = state_;
    double loss = 0;
    for (std::size_t i = 0; i < size; ++i) {
      const auto byte = std::to_integer<std::size_t>(piece[i]);
      loss -= std::log(static_cast<double>(state_.counts[byte]) / total);
      ++next.counts[byte];
    }
    next.loss = loss / static_cast<double>(size);
    next.step += 1;
    next.samples += size;
    next.position = (state_.position + size) % data_.size();
    state_ = next;  // a step that throws has changed nothing
    metrics.add("loss", state_.step, state_.loss);
    return state_.loss;
  }

  RunPosition position() const override { return {state_.step, state_.samples, state_.loss}; }

  std::uint64_t checkpoint(const Call& call, std::string_view file) override {
    state_.checksum = checksum(state_);
    auto output = files_.create(call, file);
    output.write(call, std::as_bytes(std::span(&state_, 1)));
    output.commit(call);  // it appears whole or not at all
    return sizeof(State);
  }

  // A checkpoint may be anything: it is checked before the run changes.
  void restore(const Call& call, std::string_view file) override {
    const auto input = files_.open(call, file);
    std::string bytes;
    if (input.size() == sizeof(State)) bytes = input.read_all(call, sizeof(State));
    State read;
    if (bytes.size() != sizeof(State) ||
        std::memcmp(bytes.data(), read.format, sizeof read.format) != 0) {
      throw PluginError(BH_DATA_INVALID, std::string(file) + " is no checkpoint of @NAME@.");
    }
    std::memcpy(&read, bytes.data(), sizeof read);
    if (read.checksum != checksum(read)) {
      throw PluginError(BH_DATA_INVALID, "The checkpoint " + std::string(file) + " is damaged.");
    }
    if (read.data_size != state_.data_size || read.position >= read.data_size) {
      throw PluginError(BH_VERSION_MISMATCH, "The checkpoint belongs to other data.");
    }
    state_ = read;
  }

  // Bytes as often as they occur; at temperature 0 the most frequent one.
  Generated generate(const Call& call, const GenerateRequest& request) override {
    std::vector<double> weights;
    for (const std::uint64_t count : state_.counts) weights.push_back(static_cast<double>(count));
    const double total = std::accumulate(weights.begin(), weights.end(), 0.0);
    std::vector<double> heated = weights;
    if (request.temperature > 0) {
      const double most = *std::max_element(weights.begin(), weights.end());
      for (double& weight : heated) weight = std::pow(weight / most, 1 / request.temperature);
    }
    const auto likeliest = std::max_element(weights.begin(), weights.end()) - weights.begin();
    std::mt19937_64 random(request.seed);
    std::discrete_distribution<std::size_t> draw(heated.begin(), heated.end());
    const auto size =
        std::min<std::uint64_t>(request.max_bytes == 0 ? 16 : request.max_bytes, 4096);
    Generated generated{{}, 1};
    while (generated.answer.size() < size) {
      call.check();
      const auto byte =
          request.temperature > 0 ? draw(random) : static_cast<std::size_t>(likeliest);
      generated.answer += static_cast<char>(byte);
      generated.probability *= weights[byte] / total;
    }
    return generated;
  }

 private:
  static constexpr std::size_t kPiece = 4096;  // bytes that a step learns from

  const bulkhead::sdk::Files files_;
  const bulkhead::sdk::InputFile data_;
  State state_;
};

}  // namespace

class @CLASS@ : public bulkhead::Trainer {
 public:
  static constexpr const char* kServicesRequired[] = {BH_FILES_1, nullptr};

  explicit @CLASS@(const Open& open) : files_(open.services) {}

  TrainerFacts info() const override { return {"@NAME@", "Learns how often each byte occurs"}; }

  std::unique_ptr<bulkhead::TrainingRun> open_run(const Call& call,
                                                  const RunRequest& request) const override {
    if (const auto options = request.options.keys(); !options.empty()) {
      throw PluginError(BH_INVALID_ARGUMENT,
                        "There is no option \"" + std::string(options.front()) + "\".");
    }
    if (request.data.size() != 1) {
      throw PluginError(BH_INVALID_ARGUMENT, "A run learns from one file; name it in data.");
    }
    auto data = files_.open(call, request.data[0]);
    if (data.size() == 0) throw PluginError(BH_DATA_INVALID, "The data is an empty file.");
    return std::make_unique<Run>(files_, std::move(data));
  }

 private:
  const Files files_;
};

BULKHEAD_PLUGIN(@CLASS@);
