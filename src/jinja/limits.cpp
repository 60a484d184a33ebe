#include "jinja/limits.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <stdexcept>
#include <utility>

#include "jinja/bounded.h"

namespace berth {
namespace {

using ::jinja::cast_stmt;
using ::jinja::is_val;
using ::jinja::statement_ptr;
using ::jinja::statements;
using Any = ::jinja::value;
using Values = std::vector<Any>;

/// Text is copied at so many bytes in the time of a step.
constexpr std::size_t bytes_in_a_step = 1024;
constexpr std::size_t bytes_of_a_part = 64;
/// The engine copies all variables for it.
constexpr std::size_t steps_of_a_round = 8;

thread_local JinjaLimits* limits_now = nullptr;
thread_local const Values* operands_now = nullptr;

bool is_val_string(const Any& value) { return is_val<::jinja::value_string>(value); }

bool is_container(const Any& value) {
  return is_val<::jinja::value_array>(value) || is_val<::jinja::value_object>(value);
}

std::size_t entries_of(const Any& value) { return value->val_arr.size() + value->val_obj.size(); }

std::size_t text_bytes(const Any& value) {
  return value->val_str.length() + bytes_of_a_part * value->val_str.parts.size();
}

using Names = std::set<std::string_view>;
/// Operations that go through all that a list or a dictionary holds, at any depth.
const Names deep = {"!=",    "<",       "<=",    "==",          ">",      ">=",     "capitalize", "dictsort",
                    "eq",    "equalto", "ge",    "greaterthan", "gt",     "in",     "join",       "lessthan",
                    "lower", "lt",      "max",   "min",         "ne",     "not in", "replace",    "safe",
                    "sort",  "string",  "strip", "title",       "tojson", "trim",   "upper",      "wordcount",
                    "~"};
/// Those that do not even go through its entries.
const Names shallow = {"length", "count", "first", "last", "get", "append", "pop", "default", "d"};

const Any* argument(const Values& operands, std::size_t place, std::string_view name) {
  for (const auto& each : operands)
    if (const auto* keyword = dynamic_cast<const ::jinja::value_kwarg_t*>(each.get()); keyword && keyword->key == name)
      return &keyword->val;
  return place < operands.size() && !is_val<::jinja::value_kwarg>(operands[place]) ? &operands[place] : nullptr;
}

std::size_t width_argument(const Values& operands, std::size_t place, std::string_view name) {
  const Any* width = argument(operands, place, name);
  if (width == nullptr) return 4;
  if (is_val_string(*width)) return (*width)->val_str.length();
  return is_val<::jinja::value_int>(*width) ? static_cast<std::size_t>(std::max<std::int64_t>(0, (*width)->as_int()))
                                            : 4;
}

/// Counts what `operation` reads, and what it makes where that can be much more.
void count_operation(std::string_view operation, const Values& operands) {
  auto& limits = JinjaLimits::current();
  limits.count_steps(1);
  const bool with_text = std::ranges::any_of(operands, is_val_string);
  const bool goes_deep = deep.contains(operation) || (operation == "+" && with_text);
  std::size_t text = 0;
  std::size_t entries = 0;
  for (const auto& each : operands) {
    if (is_val_string(each) || (is_container(each) && goes_deep))
      text += limits.count_value(each);
    else if (is_container(each) && !shallow.contains(operation))
      limits.count_steps(entries_of(each));
    entries += entries_of(each);
  }
  if (operation == "*" && operands.size() == 2 && with_text) {
    const auto& times = operands[is_val_string(operands[0]) ? 1 : 0];
    const auto& repeated = operands[is_val_string(operands[0]) ? 0 : 1];
    if (is_val<::jinja::value_int>(times) && times->as_int() > 0 && repeated->val_str.parts.size() > 1)
      limits.count_text(text_bytes(repeated), static_cast<std::size_t>(times->as_int()));
  } else if (operation == "join") {
    const Any* separator = argument(operands, 1, "d");
    if (separator != nullptr) limits.count_text((*separator)->val_str.length(), entries);
  } else if (operation == "indent" && with_text) {
    const auto lines = std::ranges::count(operands[0]->val_str.str(), '\n') + 1;
    limits.count_text(width_argument(operands, 1, "width"), static_cast<std::size_t>(lines) + 1);
  } else if (operation == "tojson") {
    const Any* indent = argument(operands, 2, "indent");
    if (indent != nullptr && is_val<::jinja::value_int>(*indent) && (*indent)->as_int() > 16)
      throw std::runtime_error("tojson indents by more than 16 blanks");
  } else if (operation == "format") {
    limits.count_text(text);
  } else if (operation == "rsplit" && with_text) {
    const auto separator = operands.size() > 1 ? operands[1]->val_str.str() : " ";
    const auto whole = operands[0]->val_str.str();
    if (!separator.empty())
      for (auto at = whole.find(separator); at != whole.npos; at = whole.find(separator, at + separator.size()))
        limits.count_steps(1);
  } else if (operation == "dict" || operation == "namespace") {
    limits.count_steps(entries, 1 + entries / 64);  // a name that is there twice is looked for among all
  }
}

Any counted_result(Any result) {
  auto& limits = JinjaLimits::current();
  if (is_val_string(result)) limits.count_text(text_bytes(result));
  if (is_container(result)) limits.keep(result);
  // Tuples can be names in dictionaries, and are gone through for that.
  if (is_val<::jinja::value_tuple>(result)) limits.count_value(result);
  for (const auto& [key, entry] : result->val_obj)
    if (is_container(key)) limits.count_value(key);
  return result;
}

/// Stands for an operand that was computed already.
struct Operand final : ::jinja::expression {
  explicit Operand(std::size_t place) : index(place) {}
  std::string type() const override { return "Operand"; }
  Any execute_impl(::jinja::context&) const override { return (*operands_now)[index]; }
  std::size_t index;
};

class OperandsNow {
 public:
  explicit OperandsNow(const Values& operands) : before_(std::exchange(operands_now, &operands)) {}
  ~OperandsNow() { operands_now = before_; }
  OperandsNow(const OperandsNow&) = delete;
  OperandsNow& operator=(const OperandsNow&) = delete;

 private:
  const Values* before_;
};

/// Name and operands of a call: a method's object is its first operand. No name for functions that count for themselves.
std::pair<std::string, Values> operation_of_call(Values operands) {
  const auto callee = operands.back();
  operands.pop_back();
  const auto* function = dynamic_cast<const ::jinja::value_func_t*>(callee.get());
  if (function == nullptr) return {};
  if (function->arg0)
    operands.insert(operands.begin(), function->arg0);
  else if (!::jinja::global_builtins().contains(function->name))
    return {};
  return {function->name, std::move(operands)};
}

/// An expression that is computed from operands that were counted.
struct Counted final : ::jinja::expression {
  Counted(statement_ptr node, std::string name) : operation(std::move(name)), expression(std::move(node)) {
    pos = expression->pos;
  }

  /// Computes this part of the expression first.
  void take(statement_ptr& part) {
    if (!part) return;
    const auto place = part->pos;
    operands.push_back(std::exchange(part, std::make_unique<Operand>(operands.size())));
    part->pos = place;
  }

  std::string type() const override { return expression->type(); }
  Any execute_impl(::jinja::context& context) const override {
    Values values;
    for (const auto& each : operands) values.push_back(each->execute(context));
    const bool is_call = operation.empty() && !operands.empty();
    const auto [name, used] = is_call ? operation_of_call(values) : std::pair(operation, values);
    return limited(name, used, [&] {
      const OperandsNow now(values);
      return expression->execute_impl(context);
    });
  }

  std::string operation;  ///< empty: a call, whose callee is the last operand, or a literal, which has no operands
  statements operands;
  statement_ptr expression;
};

/// What a name stands for. The engine's own copies the table of all its functions each time.
struct Variable final : ::jinja::expression {
  explicit Variable(const ::jinja::identifier& identifier) : name(identifier.val) { pos = identifier.pos; }
  std::string type() const override { return "Identifier"; }
  Any execute_impl(::jinja::context& context) const override {
    auto value = context.get_val(name);
    if (!value->is_undefined()) {
      if (context.is_get_stats) ::jinja::value_t::stats_t::mark_used(value);
      if (name == "loop") JinjaLimits::current().keep(value);  // holds the entries before and after
      return value;
    }
    const auto& functions = ::jinja::global_builtins();
    const auto found = functions.find(name);
    if (found == functions.end()) return ::jinja::mk_val<::jinja::value_undefined>(name);
    return ::jinja::mk_val<::jinja::value_func>(name, found->second);
  }
  std::string name;
};

/// The list of a loop.
struct Iterated final : ::jinja::expression {
  Iterated(statement_ptr node, const JinjaCost& round) : expression(std::move(node)), cost(round) {
    pos = expression->pos;
  }
  std::string type() const override { return expression->type(); }
  Any execute_impl(::jinja::context& context) const override {
    auto list = expression->execute(context);
    JinjaLimits::current().count_steps(entries_of(list), steps_of_a_round + cost.nodes);
    JinjaLimits::current().count_text(cost.text_bytes, entries_of(list));
    return list;
  }
  statement_ptr expression;
  JinjaCost cost;
};

/// The name and the arguments of a filter or test, which is a name or a call of one.
std::pair<std::string, statements*> name_and_arguments(const statement_ptr& node) {
  auto* call = dynamic_cast<::jinja::call_expression*>(node.get());
  const auto* name = dynamic_cast<const ::jinja::identifier*>(call == nullptr ? node.get() : call->callee.get());
  return {name == nullptr ? "" : name->val, call == nullptr ? nullptr : &call->args};
}

}  // namespace

JinjaLimits::JinjaLimits() : outer_(std::exchange(limits_now, this)) {}

JinjaLimits::~JinjaLimits() {
  for (const auto& each : made_) {  // one by one: what holds what is a chain as long as the template likes
    each->val_arr.clear();
    if (auto* object = dynamic_cast<::jinja::value_object_t*>(each.get())) object->unordered.clear();
    each->val_obj.clear();
  }
  limits_now = outer_;
}

JinjaLimits& JinjaLimits::current() {
  if (limits_now == nullptr) throw std::logic_error("no template is being rendered");
  return *limits_now;
}

void JinjaLimits::count_steps(std::size_t count, std::size_t each) {
  if (count > (max_steps - steps_) / each)
    throw std::runtime_error(fmt::format("the template takes more than {} steps", max_steps));
  steps_ += count * each;
}

void JinjaLimits::count_text(std::size_t bytes, std::size_t times) {
  if (times > 0 && bytes > (max_text_bytes - text_) / times)
    throw std::runtime_error(fmt::format("the template makes more than {} MiB of text", max_text_bytes >> 20U));
  text_ += bytes * times;
}

std::size_t JinjaLimits::count_value(const ::jinja::value& value, int depth) {
  if (depth > max_value_depth) throw std::runtime_error("a value is nested too deeply: more than 100 levels");
  count_steps(1 + text_bytes(value) / bytes_in_a_step);
  std::size_t text = value->val_str.length();
  for (const auto& each : value->val_arr) text += count_value(each, depth + 1);
  for (const auto& [key, entry] : value->val_obj) text += count_value(key, depth + 1) + count_value(entry, depth + 1);
  return text;
}

void JinjaLimits::enter_macro() {
  if (macros_ == max_macro_depth)
    throw std::runtime_error(fmt::format("macros call each other more than {} deep", max_macro_depth));
  ++macros_;
}

void JinjaLimits::keep(const ::jinja::value& made) { made_.push_back(made); }

JinjaCost JinjaCost::of(std::span<const statement_ptr> statements) {
  JinjaCost cost;
  ::jinja::context context;
  context.visitor = [&](bool, const ::jinja::statement* node, const std::vector<::jinja::visitor_pair>& children) {
    ++cost.nodes;
    if (const auto* text = dynamic_cast<const ::jinja::string_literal*>(node)) cost.text_bytes += text->val.size();
    const bool counts_body = dynamic_cast<const ::jinja::for_statement*>(node) != nullptr ||
                             dynamic_cast<const ::jinja::macro_statement*>(node) != nullptr;
    for (const auto& [label, nodes] : children)
      if (!counts_body || label != "body")
        for (const auto* each : nodes)
          if (each != nullptr) each->visit(context);
  };
  for (const auto& each : statements) each->visit(context);
  return cost;
}

JinjaCost JinjaCost::of_round(const ::jinja::for_statement& loop) {
  auto cost = of(loop.body);
  if (const auto* filtered = cast_stmt<::jinja::select_expression>(loop.iterable))
    cost.nodes += of({&filtered->test, 1}).nodes;
  return cost;
}

Any limited(std::string_view operation, const Values& operands, const std::function<Any()>& compute) {
  if (!operation.empty()) count_operation(operation, operands);
  if (auto result = bounded(operation, operands)) {
    JinjaLimits::current().keep(result);
    return result;
  }
  return counted_result(compute());
}

void limit_loop(::jinja::for_statement& loop, const JinjaCost& round) {
  auto* filtered = cast_stmt<::jinja::select_expression>(loop.iterable);
  auto& list = filtered == nullptr ? loop.iterable : filtered->lhs;
  list = std::make_unique<Iterated>(std::move(list), round);
}

void limit_expression(statement_ptr& node) {
  std::unique_ptr<Counted> counted;
  const auto make = [&](std::string name) {
    counted = std::make_unique<Counted>(std::move(node), std::move(name));
    return counted.get();
  };
  if (auto* binary = cast_stmt<::jinja::binary_expression>(node)) {
    if (binary->op.value == "and" || binary->op.value == "or") return;  // the second operand may not be computed
    auto* made = make(binary->op.value);
    made->take(binary->left);
    made->take(binary->right);
  } else if (auto* call = cast_stmt<::jinja::call_expression>(node)) {
    auto* made = make("");
    for (auto& each : call->args) made->take(each);
    made->take(call->callee);
  } else if (auto* filter = cast_stmt<::jinja::filter_expression>(node)) {
    const auto [name, arguments] = name_and_arguments(filter->filter);
    auto* made = make(name);
    made->take(filter->operand);
    if (arguments != nullptr)
      for (auto& each : *arguments) made->take(each);
  } else if (auto* test = cast_stmt<::jinja::test_expression>(node)) {
    const auto [name, arguments] = name_and_arguments(test->test);
    if (!deep.contains(name)) return;
    auto* made = make(name);
    made->take(test->operand);
    if (arguments != nullptr)
      for (auto& each : *arguments) made->take(each);
  } else if (auto* member = cast_stmt<::jinja::member_expression>(node)) {
    if (!member->computed) return;
    const bool slices = cast_stmt<::jinja::slice_expression>(member->property) != nullptr;
    auto* made = make(slices ? "slice" : "get");
    made->take(member->object);
    if (!slices) made->take(member->property);
  } else if (cast_stmt<::jinja::array_literal>(node) != nullptr || cast_stmt<::jinja::tuple_literal>(node) != nullptr ||
             cast_stmt<::jinja::object_literal>(node) != nullptr) {
    make("");
  } else if (const auto* name = cast_stmt<::jinja::identifier>(node)) {
    node = std::make_unique<Variable>(*name);
  }
  if (counted) node = std::move(counted);
}

}  // namespace berth
