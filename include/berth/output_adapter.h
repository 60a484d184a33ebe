/// OutputAdapter: what one component gives in the form that another one takes, as Haystack's component of that name.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "berth/component.h"

namespace berth {

class JinjaTemplate;

struct OutputAdapterParameters {
  std::string adapter_template = {};  ///< "template" in serialized forms; must be given
  std::string output_type = {};       ///< a type of Python's: "str", "list[int]"; must be given
  OrderedMap<Value> custom_filters = {};
  bool unsafe = false;

  static auto fields() {
    using P = OutputAdapterParameters;
    return std::tuple(required_field("template", &P::adapter_template), field("output_type", &P::output_type),
                      field("custom_filters", &P::custom_filters), field("unsafe", &P::unsafe));
  }
};

/// Each variable of the template is an input that must be given. The output is the rendered text, or what it says where it
/// is a literal of Python's: "[1, 2]" is a list.
///
/// Templates run in the sandbox, and what they give is a text or a literal: `unsafe`, which would give objects, and
/// `custom_filters`, which are functions of Python's, are held and written, but refused by warm_up().
/// Safe to use from several threads.
class OutputAdapter final : public ComponentWith<OutputAdapterParameters> {
 public:
  static constexpr std::string_view type_name = "haystack.components.converters.output_adapter.OutputAdapter";

  /// Throws std::invalid_argument where the template or the type is none.
  explicit OutputAdapter(Parameters parameters);

  void warm_up(const CallContext& context = {}) override;
  /// Throws std::invalid_argument where the template has no variables or cannot be rendered.
  void run(Run& run) override;
  bool concurrent() const override { return true; }
  std::optional<std::string> known_problem() const override;

 private:
  std::shared_ptr<const JinjaTemplate> template_;
  std::vector<std::pair<std::string, Input<Value>>> variables_;
  Output<Value> output_;
};

}  // namespace berth
