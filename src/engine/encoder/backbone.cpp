#include "engine/encoder/backbone.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "berth/error.h"
#include "text/printable.h"

namespace berth::encoder {
namespace {

constexpr std::array<Architecture, 10> architectures = {{{"bert", "bert", make_bert},
                                                         {"roberta", "roberta", make_roberta},
                                                         {"xlm-roberta", "roberta", make_roberta},
                                                         {"camembert", "roberta", make_roberta},
                                                         {"distilbert", "distilbert", make_distilbert},
                                                         {"electra", "electra", make_electra},
                                                         {"mpnet", "mpnet", make_mpnet},
                                                         {"modernbert", "model", make_modernbert},
                                                         {"deberta", "deberta", make_first_deberta},
                                                         {"deberta-v2", "deberta", make_deberta}}};

}  // namespace

bool is_known(std::string_view model_type) {
  return std::ranges::find(architectures, model_type, &Architecture::model_type) != architectures.end();
}

const Architecture& architecture_of(const Config& config) {
  const auto model_type = config.text("model_type", "");
  for (const auto& each : architectures)
    if (each.model_type == model_type) return each;
  std::vector<std::string_view> known;
  for (const auto& each : architectures) known.push_back(each.model_type);
  throw EngineError(
      "encoder", "",
      fmt::format("'{}' is a model of the architecture {}; computed can be {}", config.file().string(),
                  model_type.empty() ? "that its config.json does not name (model_type)" : in_quotes(model_type),
                  fmt::join(known, ", ")));
}

}  // namespace berth::encoder
