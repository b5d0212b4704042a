#include "run.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <bulkhead/sdk/parallel.hpp>

namespace linear {
namespace {

// Bytes times classes of one step: its second half can't be stopped, so it must be short.
constexpr std::uint64_t kMostWork = 32u << 20;
constexpr std::size_t kEvaluationPart = 256;  // samples that one thread takes at a time
constexpr std::size_t kHeldOutShare = 10;     // one of so many

Features features_of(const Options& options) {
  return {static_cast<std::uint32_t>(options.dimension), options.words,
          static_cast<std::size_t>(options.ngram)};
}

Identity identity_of(const Corpus& corpus, const Options& options, std::uint64_t seed) {
  const auto number = [](std::int64_t value) { return static_cast<std::uint64_t>(value); };
  return {corpus.fingerprint(),      corpus.labels().size(),        seed,
          number(options.dimension), options.words ? 1u : 0u,       number(options.ngram),
          number(options.batch),     number(options.metrics_every), number(options.evaluate_every),
          options.learning_rate};
}

}  // namespace

Run::Run(bulkhead::sdk::Files files, Corpus corpus, const Options& options, std::uint64_t seed,
         unsigned threads)
    : files_(std::move(files)),
      corpus_(std::move(corpus)),
      options_(options),
      threads_(threads),
      identity_(identity_of(corpus_, options, seed)),
      model_(features_of(options), corpus_.labels().size()) {
  Random random(seed);
  split(random);
  state_.random_state = random.state();
  begin_epoch();
}

// Holds out a tenth of each class, one sample at least, unless that is all it has.
void Run::split(Random& random) {
  std::vector<std::vector<std::uint32_t>> classes(corpus_.labels().size());
  for (std::size_t i = 0; i < corpus_.size(); ++i) {
    classes[corpus_.label(i)].push_back(static_cast<std::uint32_t>(i));
  }
  for (std::vector<std::uint32_t>& samples : classes) {
    random.shuffle(samples);
    const std::size_t held =
        samples.size() < 2 ? 0 : std::max<std::size_t>(samples.size() / kHeldOutShare, 1);
    const auto cut = samples.begin() + static_cast<std::ptrdiff_t>(held);
    held_out_.insert(held_out_.end(), samples.begin(), cut);
    training_.insert(training_.end(), cut, samples.end());
  }
}

std::vector<std::uint32_t> Run::epoch_order(std::vector<std::uint32_t> samples, Random& random) {
  random.shuffle(samples);
  return samples;
}

void Run::begin_epoch() {
  state_.epoch_state = state_.random_state;
  Random random(state_.epoch_state);
  order_ = epoch_order(training_, random);
  state_.random_state = random.state();
  state_.cursor = 0;
}

std::size_t Run::batch_size() const {
  const std::size_t left = order_.size() - static_cast<std::size_t>(state_.cursor);
  const std::size_t most = std::min(left, static_cast<std::size_t>(options_.batch));
  std::uint64_t work = 0;
  std::size_t size = 0;
  while (size < most) {
    work += corpus_.text(order_[state_.cursor + size]).size() * model_.classes();
    if (size != 0 && work > kMostWork) break;
    ++size;
  }
  return size;
}

double Run::step(const Call& call, Metrics& metrics) {
  if (state_.evaluation_due != 0) evaluate(call, metrics);
  const std::size_t size = batch_size(), classes = model_.classes();
  const std::span batch(order_.data() + state_.cursor, size);

  // All errors first: until they are known, nothing has changed.
  std::vector<double> errors(size * classes);
  double loss = 0;
  for (std::size_t i = 0; i < size; ++i) {
    call.check();
    const std::span scores(errors.data() + i * classes, classes);
    const std::uint32_t label = corpus_.label(batch[i]);
    model_.score(call, corpus_.text(batch[i]), scores);
    loss -= softmax(scores, label);
    scores[label] -= 1;
  }
  loss /= static_cast<double>(size);
  if (!std::isfinite(loss)) return loss;  // the run stays as it was

  const double rate = options_.learning_rate / static_cast<double>(size);
  for (std::size_t i = 0; i < size; ++i) {
    model_.update(corpus_.text(batch[i]), {errors.data() + i * classes, classes}, rate);
  }
  ++state_.step;
  state_.samples += size;
  state_.loss = loss;
  state_.cursor += size;
  if (state_.cursor == order_.size()) begin_epoch();
  if (state_.step % identity_.metrics_every == 0) metrics.add("loss", state_.step, loss);
  if (identity_.evaluate_every != 0 && state_.step % identity_.evaluate_every == 0) {
    state_.evaluation_due = 1;
    evaluate(call, metrics);
  }
  return loss;
}

void Run::evaluate(const Call& call, Metrics& metrics) {
  struct Part {
    std::size_t right = 0;
    double loss = 0;
  };
  std::vector<Part> parts((held_out_.size() + kEvaluationPart - 1) / kEvaluationPart);
  const auto body = [&](const Call& own, std::size_t p) {
    std::vector<double> scores(model_.classes());
    const std::size_t end = std::min((p + 1) * kEvaluationPart, held_out_.size());
    for (std::size_t i = p * kEvaluationPart; i < end; ++i) {
      own.check();
      const std::uint32_t label = corpus_.label(held_out_[i]);
      model_.score(own, corpus_.text(held_out_[i]), scores);
      const auto best = std::max_element(scores.begin(), scores.end()) - scores.begin();
      parts[p].right += best == static_cast<std::ptrdiff_t>(label) ? 1 : 0;
      parts[p].loss -= softmax(scores, label);
    }
  };
  bulkhead::sdk::for_each_item(call, parts.size(), threads_, body);
  // Added up by part, so that threads don't change the sum.
  Part all;
  for (const Part& part : parts) {
    all.right += part.right;
    all.loss += part.loss;
  }
  state_.evaluation_due = 0;
  if (held_out_.empty()) return;
  const auto count = static_cast<double>(held_out_.size());
  metrics.add("accuracy", state_.step, static_cast<double>(all.right) / count);
  metrics.add("held_out_loss", state_.step, all.loss / count);
}

std::uint64_t Run::checkpoint(const Call& call, std::string_view file) {
  return write_checkpoint(call, files_, file, identity_, state_, model_);
}

void Run::restore(const Call& call, std::string_view file) {
  Model model(features_of(options_), model_.classes());
  const State state = read_checkpoint(call, files_, file, identity_, model);
  Random random(state.epoch_state);
  std::vector<std::uint32_t> order = epoch_order(training_, random);
  // The checksums say that the file is as it was written; this, that a run wrote it.
  if (random.state() != state.random_state || state.cursor >= order.size() ||
      state.evaluation_due > 1 || !std::isfinite(state.loss)) {
    throw PluginError(BH_DATA_INVALID, "The state in the checkpoint " + std::string(file) +
                                           " is none that a run can have.");
  }
  model_ = std::move(model);
  order_ = std::move(order);
  state_ = state;
}

Run::Generated Run::generate(const Call& call, const GenerateRequest& request) {
  std::vector<double> scores(model_.classes());
  model_.score(call, request.prompt, scores);
  std::size_t chosen =
      static_cast<std::size_t>(std::max_element(scores.begin(), scores.end()) - scores.begin());
  if (request.temperature > 0) {
    std::vector<double> heated = scores;
    for (double& score : heated) score = (score - scores[chosen]) / request.temperature;
    softmax(heated, 0);
    double left = Random(request.seed).unit();
    // What rounding leaves of the sum of the probabilities goes to the most likely one.
    for (std::size_t c = 0; c < heated.size(); ++c) {
      left -= heated[c];
      if (left < 0) {
        chosen = c;
        break;
      }
    }
  }
  softmax(scores, 0);
  if (!std::isfinite(scores[chosen])) {
    throw PluginError(BH_DATA_INVALID,
                      "The weights of the run have diverged, so there is no answer; restore an "
                      "earlier checkpoint.");
  }
  const std::string& label = corpus_.labels()[chosen];
  if (request.max_bytes != 0 && label.size() > request.max_bytes) {
    throw PluginError(BH_INVALID_ARGUMENT,
                      "The answer, a label, has " + std::to_string(label.size()) +
                          " bytes and is not cut; allow at least so many, or 0 for any.");
  }
  return {label, scores[chosen]};
}

}  // namespace linear
