// The checkpoint file, format 1, little endian:
//
//   magic "BHLINEAR", format (u32), size of the header (u32)
//   identity   of the run that wrote it, u64 or f64 each: see Identity
//   state      see State
//   checksum   FNV-1a 64 of the header up to here
//   weights    f32 [dimension][classes], then bias f32 [classes]
//   checksum   FNV-1a 64 of weights and bias
//
// A change of the layout raises the format.
#pragma once

#include <cstdint>
#include <string_view>
#include <bulkhead/sdk/files.hpp>

#include "model.hpp"

namespace linear {

// What a run must have in common with a checkpoint, so that the same steps follow.
struct Identity {
  std::uint64_t data, classes, seed, dimension, words, ngram, batch, metrics_every, evaluate_every;
  double learning_rate;
};

// What changes from step to step, but for the weights.
struct State {
  std::uint64_t step = 0, samples = 0;
  double loss = 0;                // of the last step
  std::uint64_t epoch_state = 0;  // of the random numbers, before they shuffled this epoch
  std::uint64_t random_state = 0;
  std::uint64_t cursor = 0;          // samples of this epoch that were seen
  std::uint64_t evaluation_due = 0;  // 1: an evaluation after the last step was cut short
};

// Writes the file whole, and returns its size.
std::uint64_t write_checkpoint(const bulkhead::sdk::Call& call, const bulkhead::sdk::Files& files,
                               std::string_view name, const Identity& identity, const State& state,
                               Model& model);

// Reads the weights into `model`, which has the shape that `identity` says, and returns the state;
// its numbers are as they stand in the file. Throws BH_DATA_INVALID for a file that is no whole
// checkpoint, BH_VERSION_MISMATCH for another format or identity.
State read_checkpoint(const bulkhead::sdk::Call& call, const bulkhead::sdk::Files& files,
                      std::string_view name, const Identity& identity, Model& model);

}  // namespace linear
