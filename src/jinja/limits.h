/// What a template may take: it can come from a file that nobody checked, and a few letters of it can ask for all memory
/// and all time ("{{ 'a' * 10 ** 12 }}").
#pragma once

#include <jinja/runtime.h>

#include <cstddef>
#include <functional>
#include <span>
#include <string_view>
#include <vector>

namespace berth {

/// Of one rendering, which runs on this thread for as long as this lives. What templates make then is freed with it, also
/// lists that hold themselves, and without recursion.
class JinjaLimits {
 public:
  static constexpr std::size_t max_steps = 1'000'000;
  static constexpr std::size_t max_text_bytes = std::size_t{256} << 20U;
  static constexpr int max_value_depth = 100;
  static constexpr int max_macro_depth = 20;

  JinjaLimits();
  ~JinjaLimits();
  JinjaLimits(const JinjaLimits&) = delete;
  JinjaLimits& operator=(const JinjaLimits&) = delete;

  /// The one of this thread. Throws std::logic_error where nothing is rendered.
  static JinjaLimits& current();

  // These throw std::runtime_error naming the limit.
  void count_steps(std::size_t count, std::size_t each = 1);
  void count_text(std::size_t bytes, std::size_t times = 1);
  /// Each value in `value`, and its text at the speed of copying it. Answers the bytes of the text.
  std::size_t count_value(const ::jinja::value& value, int depth = 0);
  void enter_macro();
  void leave_macro() { --macros_; }

  /// Is emptied at the end.
  void keep(const ::jinja::value& made);

 private:
  std::size_t steps_ = 0;
  std::size_t text_ = 0;
  int macros_ = 0;
  std::vector<::jinja::value> made_;
  JinjaLimits* outer_;
};

/// How much one run of some statements takes at most, the rounds of loops in them not counted, which count for themselves.
struct JinjaCost {
  std::size_t nodes = 0;
  std::size_t text_bytes = 0;

  static JinjaCost of(std::span<const ::jinja::statement_ptr> statements);
  static JinjaCost of_round(const ::jinja::for_statement& loop);
};

/// Computes what `operation` (an operator, a filter, a method or a function, by its name) makes of `operands`, with both
/// counted.
::jinja::value limited(std::string_view operation, const std::vector<::jinja::value>& operands,
                       const std::function<::jinja::value()>& compute);

/// Counts the rounds of a loop before the first.
void limit_loop(::jinja::for_statement& loop, const JinjaCost& round);

/// Has an operator, a filter, a call or a literal counted. The parts of `node` are limited already.
void limit_expression(::jinja::statement_ptr& node);

}  // namespace berth
