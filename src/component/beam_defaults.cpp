#include "component/beam_defaults.h"

#include <fmt/format.h>

#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <variant>

#include "berth/engine.h"
#include "berth/parameters.h"
#include "model/named_file.h"
#include "text/printable.h"

namespace berth {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t most_bytes = 1 << 20;

/// Of a file, which says much else.
struct BeamOptions {
  std::optional<int> num_beams = {};
  std::optional<double> length_penalty = {};
  std::optional<std::variant<bool, std::string>> early_stopping = {};

  static constexpr auto fields() {
    return std::tuple(field("num_beams", &BeamOptions::num_beams),
                      field("length_penalty", &BeamOptions::length_penalty),
                      field("early_stopping", &BeamOptions::early_stopping));
  }
};

/// Throws std::invalid_argument for a value that is out of its range.
void check(const BeamOptions& given) {
  GenerationOptions options;
  options.num_beams = given.num_beams.value_or(options.num_beams);
  options.length_penalty = given.length_penalty.value_or(options.length_penalty);
  options.validate();
  const auto* text = given.early_stopping ? std::get_if<std::string>(&*given.early_stopping) : nullptr;
  if (text != nullptr && *text != "never")
    throw std::invalid_argument(
        fmt::format("'early_stopping' must be true, false or \"never\", got {}", in_quotes(*text)));
}

bool says(const Value::Object& object, std::string_view name) {
  const Value* value = object.find(name);
  return value != nullptr && !value->is_null();
}

Value::Object options_in(const fs::path& file) try {
  const auto all = model::read_json(file, most_bytes);
  Value::Object found;
  if (!all.is_object()) return found;
  for (const auto* name : {"num_beams", "length_penalty", "early_stopping"})
    if (says(all.as_object(), name)) found.set(name, *all.find(name));
  check(from_init_parameters<BeamOptions>(found));
  return found;
} catch (const std::invalid_argument& problem) {
  throw std::invalid_argument(fmt::format("{}: {}", in_quotes(file.string()), problem.what()));
}

bool samples(const Value::Object& kwargs) {
  const Value* flag = kwargs.find("do_sample");
  return flag != nullptr && *flag == Value(true);
}

}  // namespace

Value::Object beam_defaults(std::string_view task, const fs::path& model) {
  Value::Object defaults;
  std::error_code none;
  for (const auto* name : {"generation_config.json", "config.json"}) {
    if (!fs::is_directory(model, none) || !fs::exists(model / name, none)) continue;
    defaults = options_in(model / name);
    break;
  }
  if (task == "text2text-generation") defaults.set("num_beams", 4);
  return defaults;
}

Value::Object with_beam_defaults(Value::Object kwargs, const Value::Object& defaults) {
  if (!says(kwargs, "num_beams") && !samples(kwargs) && says(defaults, "num_beams"))
    kwargs.set("num_beams", defaults.at("num_beams"));
  if (!says(kwargs, "num_beams") || kwargs.at("num_beams") == Value(1)) return kwargs;
  for (const auto* name : {"length_penalty", "early_stopping"})
    if (!says(kwargs, name) && says(defaults, name)) kwargs.set(name, defaults.at(name));
  return kwargs;
}

}  // namespace berth
