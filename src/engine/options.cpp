#include <fmt/format.h>

#include <cmath>
#include <stdexcept>

#include "berth/engine.h"

namespace berth {

void GenerationOptions::validate() const {
  const auto require = [](bool holds, std::string_view name, auto value, std::string_view range) {
    if (!holds)
      throw std::invalid_argument(fmt::format("Generation option '{}' must be {}, got {}", name, range, value));
  };
  require(max_new_tokens > 0, "max_new_tokens", max_new_tokens, "at least 1");
  require(std::isfinite(repetition_penalty) && repetition_penalty > 0, "repetition_penalty", repetition_penalty,
          "greater than 0");
  require(num_return_sequences >= 1 && num_return_sequences <= max_return_sequences, "num_return_sequences",
          num_return_sequences, fmt::format("from 1 to {}", max_return_sequences));
  if (do_sample) {
    require(std::isfinite(temperature) && temperature > 0, "temperature", temperature,
            "greater than 0 (leave do_sample off for the likeliest tokens)");
    require(top_k >= 0, "top_k", top_k, "0 (off) or more");
    require(top_p > 0 && top_p <= 1, "top_p", top_p, "greater than 0 and at most 1");
    require(min_p >= 0 && min_p <= 1, "min_p", min_p, "between 0 and 1");
  }
  require(num_beams >= 1 && num_beams <= max_beams, "num_beams", num_beams, fmt::format("from 1 to {}", max_beams));
  require(std::isfinite(length_penalty), "length_penalty", length_penalty, "a number");
  if (num_beams > 1 && do_sample)
    throw std::invalid_argument(
        fmt::format("Generation option 'num_beams' is {} with do_sample: beams are searched here, not sampled. Leave "
                    "do_sample off, or set num_beams to 1",
                    num_beams));
  if (num_beams > 1 && num_return_sequences > num_beams)
    throw std::invalid_argument(fmt::format(
        "Generation option 'num_return_sequences' is {}, more than the {} beams that are searched: set num_beams to {}",
        num_return_sequences, num_beams, num_return_sequences));
  if (num_return_sequences > 1 && !do_sample && num_beams == 1)
    throw std::invalid_argument(
        fmt::format("Generation option 'num_return_sequences' is {}, but without do_sample and with one beam all of "
                    "them would be the same",
                    num_return_sequences));
  for (const auto& word : stop_words)
    if (word.empty()) throw std::invalid_argument("A stop word must not be empty");
}

std::string Prompt::text() const {
  std::string text;
  for (const auto& piece : pieces) text += piece.text;
  return text;
}

}  // namespace berth
