#include "component/generation_kwargs.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <cstdint>
#include <functional>
#include <limits>
#include <stdexcept>

namespace berth {
namespace {

[[noreturn]] void wrong_type(std::string_view name, const Value& value, std::string_view expected) {
  throw std::invalid_argument(fmt::format("Generation option '{}' must be {}, got {} ({})", name, expected,
                                          value.to_json().substr(0, 40), value.type_name()));
}

template <class Integer>
Integer integer(std::string_view name, const Value& value) {
  if (!value.is_int()) wrong_type(name, value, "an integer");
  if (value.as_int() < std::numeric_limits<Integer>::min() || value.as_int() > std::numeric_limits<Integer>::max())
    wrong_type(name, value, fmt::format("an integer up to {}", std::numeric_limits<Integer>::max()));
  return static_cast<Integer>(value.as_int());
}

double number(std::string_view name, const Value& value) {
  if (!value.is_number()) wrong_type(name, value, "a number");
  return value.as_double();
}

bool boolean(std::string_view name, const Value& value) {
  if (!value.is_bool()) wrong_type(name, value, "true or false");
  return value.as_bool();
}

std::vector<std::string> strings(std::string_view name, const Value& value) {
  if (value.is_string()) return {value.as_string()};
  if (!value.is_array()) wrong_type(name, value, "a text or a list of texts");
  std::vector<std::string> texts;
  for (const auto& text : value.as_array()) {
    if (!text.is_string()) wrong_type(name, value, "a text or a list of texts");
    texts.push_back(text.as_string());
  }
  return texts;
}

struct Option {
  std::string_view name;
  std::function<void(GenerationKwargs&, std::string_view, const Value&)> read;
};

const std::array<Option, 12>& known_options() {
  using Kwargs = GenerationKwargs;
  using Name = std::string_view;
  static const std::array<Option, 12> options = {{
      {"max_new_tokens", [](Kwargs& to, Name n, const Value& v) { to.options.max_new_tokens = integer<int>(n, v); }},
      {"max_length", [](Kwargs&, Name n, const Value& v) { integer<int>(n, v); }},  // max_new_tokens is always there
      {"do_sample", [](Kwargs& to, Name n, const Value& v) { to.options.do_sample = boolean(n, v); }},
      {"temperature", [](Kwargs& to, Name n, const Value& v) { to.options.temperature = number(n, v); }},
      {"top_k", [](Kwargs& to, Name n, const Value& v) { to.options.top_k = integer<int>(n, v); }},
      {"top_p", [](Kwargs& to, Name n, const Value& v) { to.options.top_p = number(n, v); }},
      {"min_p", [](Kwargs& to, Name n, const Value& v) { to.options.min_p = number(n, v); }},
      {"repetition_penalty", [](Kwargs& to, Name n, const Value& v) { to.options.repetition_penalty = number(n, v); }},
      {"seed", [](Kwargs& to, Name n, const Value& v) { to.options.seed = integer<std::uint32_t>(n, v); }},
      {"num_return_sequences",
       [](Kwargs& to, Name n, const Value& v) { to.options.num_return_sequences = integer<int>(n, v); }},
      {"stop_strings", [](Kwargs& to, Name n, const Value& v) { to.options.stop_words = strings(n, v); }},
      {"return_full_text", [](Kwargs& to, Name n, const Value& v) { to.return_full_text = boolean(n, v); }},
  }};
  return options;
}

}  // namespace

GenerationKwargs read_generation_kwargs(const Value::Object& kwargs, const LogCallback& log) {
  GenerationKwargs result;
  for (const auto& [name, value] : kwargs) {
    const Option* known = nullptr;
    std::vector<std::string_view> names;
    for (const auto& option : known_options()) {
      if (option.name == name) known = &option;
      names.push_back(option.name);
    }
    if (known == nullptr)
      throw std::invalid_argument(
          fmt::format("Unknown generation option '{}'. Accepted are: {}", name.substr(0, 80), fmt::join(names, ", ")));
    if (!value.is_null()) known->read(result, name, value);
  }

  const auto warn_of = [&](std::string_view name, std::string_view why) {
    const Value* value = kwargs.find(name);
    if (log && value != nullptr && !value->is_null())
      log(LogLevel::warning, fmt::format("Generation option '{}' has no effect: {}", name, why));
  };
  warn_of("max_length", "max_new_tokens is set and counts");
  if (!result.options.do_sample)
    for (const auto* name : {"temperature", "top_k", "top_p", "min_p", "seed"}) warn_of(name, "do_sample is off");
  result.options.validate();
  return result;
}

void stream_one_reply(GenerationOptions& options, const LogCallback& log) {
  if (options.num_return_sequences == 1) return;
  if (log)
    log(LogLevel::warning, fmt::format("Streaming gives one reply: num_return_sequences is 1 instead of {}",
                                       options.num_return_sequences));
  options.num_return_sequences = 1;
}

}  // namespace berth
