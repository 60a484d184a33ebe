/// ConditionalRouter: where values go by what is said of them, as Haystack's component of that name.
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

struct ConditionalRouterParameters {
  /// Each has `condition`, a template; `output`, `output_name` and `output_type`, a text or a list of texts each; and
  /// `output_passthrough`: the `output` is the name of a variable then, else a template. Must be given.
  std::vector<Value::Object> routes = {};
  OrderedMap<Value> custom_filters = {};
  bool unsafe = false;
  bool validate_output_type = false;                 ///< an output of another type than was declared is an error
  std::vector<std::string> optional_variables = {};  ///< null where they are not given; the others must be

  static auto fields() {
    using P = ConditionalRouterParameters;
    return std::tuple(required_field("routes", &P::routes), field("custom_filters", &P::custom_filters),
                      field("unsafe", &P::unsafe), field("validate_output_type", &P::validate_output_type),
                      field("optional_variables", &P::optional_variables));
  }
};

/// The first route counts whose condition renders to a literal of Python's that is true. Inputs are the variables of all
/// templates, outputs the names of the routes. An output is the rendered text, or what it says where it is a literal.
///
/// Templates run in the sandbox: `unsafe`, and `custom_filters`, which are functions of Python's, are held and written, but
/// refused by warm_up(). Values that are no literals, such as documents, go through with output_passthrough.
/// Safe to use from several threads.
class ConditionalRouter final : public ComponentWith<ConditionalRouterParameters> {
 public:
  static constexpr std::string_view type_name = "haystack.components.routers.conditional_router.ConditionalRouter";

  /// Throws std::invalid_argument with Haystack's texts.
  explicit ConditionalRouter(Parameters parameters);

  void warm_up(const CallContext& context = {}) override;
  /// Throws std::invalid_argument where no condition is true, a template cannot be rendered, a condition gives no literal,
  /// or an output is of another type.
  void run(Run& run) override;
  bool concurrent() const override { return true; }
  std::optional<std::string> known_problem() const override;

 private:
  struct Route;

  void declare(const Route& route);

  std::vector<std::shared_ptr<const Route>> routes_;
  std::vector<std::pair<std::string, Input<Value>>> variables_;
  std::vector<std::pair<std::string, Output<Value>>> outputs_;
};

}  // namespace berth
