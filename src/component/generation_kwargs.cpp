#include "component/generation_kwargs.h"

#include <fmt/format.h>

#include <optional>
#include <stdexcept>
#include <string>
#include <variant>
#include <vector>

#include "berth/parameters.h"
#include "text/printable.h"

namespace berth {
namespace {

/// Those of generate() that are understood, by their names there.
struct GenerateArguments : GenerationOptions {
  std::optional<int> max_length = {};  // max_new_tokens is always there, and counts
  std::optional<std::variant<std::string, std::vector<std::string>>> stop_strings = {};
  bool return_full_text = false;
  std::optional<std::variant<bool, std::string>> early_stops = {};
  std::optional<bool> clean_up_spaces = {};

  static constexpr auto fields() {
    using G = GenerateArguments;
    return std::tuple(field("max_new_tokens", &G::max_new_tokens), field("max_length", &G::max_length),
                      field("do_sample", &G::do_sample), field("temperature", &G::temperature),
                      field("top_k", &G::top_k), field("top_p", &G::top_p), field("min_p", &G::min_p),
                      field("repetition_penalty", &G::repetition_penalty), field("seed", &G::seed),
                      field("num_return_sequences", &G::num_return_sequences), field("stop_strings", &G::stop_strings),
                      field("return_full_text", &G::return_full_text), field("num_beams", &G::num_beams),
                      field("length_penalty", &G::length_penalty), field("early_stopping", &G::early_stops),
                      field("clean_up_tokenization_spaces", &G::clean_up_spaces));
  }
};

/// Kinds of beam search that transformers itself does no more, but with code from its hub.
void refuse_other_searches(const Value::Object& kwargs) {
  for (const auto* name : {"num_beam_groups", "diversity_penalty", "constraints", "force_words_ids"})
    if (kwargs.contains(name))
      throw std::invalid_argument(
          fmt::format("generation_kwargs: '{}' is for a beam search in groups or with constraints, which is not done "
                      "here. Remove it: num_beams alone looks for the likeliest texts",
                      name));
}

EarlyStopping early_stopping_of(const std::variant<bool, std::string>& given) {
  if (const auto* flag = std::get_if<bool>(&given)) return *flag ? EarlyStopping::on : EarlyStopping::off;
  if (std::get<std::string>(given) == "never") return EarlyStopping::never;
  throw std::invalid_argument(fmt::format("generation_kwargs: 'early_stopping' must be true, false or 'never', got {}",
                                          in_quotes(std::get<std::string>(given))));
}

GenerateArguments generate_arguments(const Value::Object& kwargs) try {
  return from_init_parameters<GenerateArguments>(kwargs);
} catch (const WrongParameter& problem) {
  throw std::invalid_argument(fmt::format("generation_kwargs: {}", problem.what()));
}

}  // namespace

GenerationKwargs read_generation_kwargs(const Value::Object& kwargs, const LogCallback& log) {
  refuse_other_searches(kwargs);
  auto given = generate_arguments(kwargs);
  if (given.early_stops) given.early_stopping = early_stopping_of(*given.early_stops);
  GenerationKwargs result{
      .options = given, .return_full_text = given.return_full_text, .clean_up_spaces = given.clean_up_spaces};
  if (given.stop_strings) {
    auto* one = std::get_if<std::string>(&*given.stop_strings);
    result.options.stop_words =
        one != nullptr ? std::vector{std::move(*one)} : std::get<1>(*std::move(given.stop_strings));
  }
  const auto warn_of = [&](std::string_view name, std::string_view why) {
    const Value* value = kwargs.find(name);
    if (log && value != nullptr && !value->is_null())
      log(LogLevel::warning, fmt::format("Generation option '{}' has no effect: {}", name, why));
  };
  warn_of("max_length", "max_new_tokens is set and counts");
  if (!result.options.do_sample)
    for (const auto* name : {"temperature", "top_k", "top_p", "min_p", "seed"}) warn_of(name, "do_sample is off");
  if (result.options.num_beams == 1)
    for (const auto* name : {"length_penalty", "early_stopping"}) warn_of(name, "num_beams is 1");
  result.options.validate();
  return result;
}

void stream_one_reply(GenerationOptions& options, const LogCallback& log) {
  if (options.num_beams > 1)
    throw std::invalid_argument(
        fmt::format("`streaming_callback` cannot be used with beam search: no text is certain before the search is "
                    "over. Set `num_beams` to 1 in generation_kwargs; it is {}, and 4 where nothing is said for the "
                    "task text2text-generation",
                    options.num_beams));
  if (options.num_return_sequences == 1) return;
  if (log)
    log(LogLevel::warning, fmt::format("Streaming gives one reply: num_return_sequences is 1 instead of {}",
                                       options.num_return_sequences));
  options.num_return_sequences = 1;
}

}  // namespace berth
