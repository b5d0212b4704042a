#include "options.hpp"

#include <algorithm>
#include <string>
#include <string_view>

namespace linear {
namespace {

using bulkhead::PluginError;
using bulkhead::sdk::Config;

constexpr std::string_view kKnown[] = {"dimension",      "words",         "ngram",
                                       "batch",          "learning_rate", "metrics_every",
                                       "evaluate_every", "max_data_bytes"};

[[noreturn]] void refuse(const std::string& sentence) {
  throw PluginError(BH_INVALID_ARGUMENT, sentence);
}

void check_keys(const Config& config) {
  const auto keys = config.keys();
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const std::string name(keys[i].substr(0, 100));
    if (std::find(std::begin(kKnown), std::end(kKnown), keys[i]) == std::end(kKnown)) {
      std::string list;
      for (const std::string_view known : kKnown) {
        list += (list.empty() ? "" : ", ") + std::string(known);
      }
      refuse("There is no option \"" + name + "\"; the options of a run are " + list + ".");
    }
    if (std::find(keys.begin(), keys.begin() + static_cast<std::ptrdiff_t>(i), keys[i]) !=
        keys.begin() + static_cast<std::ptrdiff_t>(i)) {
      refuse("The option \"" + name + "\" is given twice.");
    }
  }
}

void read(const Config& config, const char* key, std::int64_t least, std::int64_t most,
          std::int64_t& value) {
  if (!config.has(key)) return;
  value = config.integer(key);
  if (value < least || value > most) {
    refuse("The option \"" + std::string(key) + "\" must be from " + std::to_string(least) +
           " to " + std::to_string(most) + ", not " + std::to_string(value) + ".");
  }
}

}  // namespace

Options read_options(const Config& config) {
  check_keys(config);
  Options options;
  read(config, "dimension", 16, 1 << 22, options.dimension);
  read(config, "ngram", 0, 8, options.ngram);
  read(config, "batch", 1, 1024, options.batch);
  read(config, "metrics_every", 1, 1'000'000'000, options.metrics_every);
  read(config, "evaluate_every", 0, 1'000'000'000, options.evaluate_every);
  read(config, "max_data_bytes", 1, 1ll << 30, options.max_data_bytes);
  if (config.has("words")) options.words = config.boolean("words");
  if (config.has("learning_rate")) options.learning_rate = config.number("learning_rate");
  // More would not fit the weights, which are floats. A rate far below that diverges already.
  if (!(options.learning_rate > 0 && options.learning_rate <= 1e37)) {
    refuse("The option \"learning_rate\" must be a number above 0, at most 1e37.");
  }
  if (!options.words && options.ngram == 0) {
    refuse("Without words and with an n-gram of 0 bytes a text has no tokens; switch one on.");
  }
  return options;
}

}  // namespace linear
