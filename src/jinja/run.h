/// The state of one rendering: its memory, its limits, and where its output goes.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "jinja/any.h"
#include "jinja/dict.h"
#include "jinja/environment.h"
#include "jinja/heap.h"

namespace berth::jinja {

class Evaluator;

/// What a template may take: it can come from a file that nobody checked, and a few letters of it can ask for all memory
/// and all time ("{{ 'a' * 10 ** 12 }}"). Beyond a limit there is a Failure that names it.
struct Limits {
  static constexpr std::size_t steps = 1'000'000;
  static constexpr std::size_t text_bytes = std::size_t{256} << 20U;
  static constexpr int value_depth = 100;
  static constexpr int macro_depth = 20;
  static constexpr int node_depth = 700;          ///< of what is evaluated at a time
  static constexpr std::size_t big_limbs = 1024;  ///< of a whole number
};

class Run {
 public:
  Run(const Environment& kind, Evaluator& runs) : environment(kind), evaluator(runs) {}
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

  const Environment& environment;
  Evaluator& evaluator;
  Heap heap;
  bool autoescape = false;

  void count_steps(std::size_t count) {
    steps_ += count;
    if (steps_ > Limits::steps || count > Limits::steps) too_many_steps();
  }
  void count_text(std::size_t bytes) {
    text_ += bytes;
    if (text_ > Limits::text_bytes || bytes > Limits::text_bytes) too_much_text();
  }
  /// As count_text(bytes * times), which may not fit.
  void count_text(std::size_t bytes, std::size_t times) {
    if (times != 0 && bytes > Limits::text_bytes / times) too_much_text();
    count_text(bytes * times);
  }

  /// What looks through a text and makes none: 64 bytes take as long as a step.
  void count_search(std::size_t bytes) { count_steps(bytes / 64); }

  // New values.
  Any text(std::string_view bytes, bool markup = false) {  ///< copied
    count_text(bytes.size());
    return heap.make<Str>(Str{heap.keep(bytes), {}, markup});
  }
  Any view(std::string_view bytes) { return heap.make<Str>(Str{bytes}); }  ///< of what outlives the rendering
  List* list() { return heap.make<List>(heap.resource()); }
  Dict* dict() { return heap.make<Dict>(heap.resource()); }
  Any big(BigInteger value);  ///< as a 64-bit integer where it is one
  Any undefined(std::string_view hint) {
    return heap.make<Undefined>(Undefined{.hint = heap.keep(hint), .strict = environment.strict_undefined});
  }
  Any undefined_name(std::string_view name) {
    return heap.make<Undefined>(Undefined{.name = name, .strict = environment.strict_undefined});
  }
  Any undefined_of(const Any& owner, const Any& name, Failure::Kind kind = Failure::Kind::undefined);
  template <class... Values>
  Any tuple(const Values&... values) {
    auto* made = list();
    count_steps(sizeof...(values));
    (made->items.push_back(values), ...);
    return Any::tuple(made);
  }
  template <class Next>
  Any generator(Next next) {
    return heap.make<Generator<Next>>(std::move(next));
  }

  int value_depth = 0;
  int macro_depth = 0;
  int node_depth = 0;

 private:
  [[noreturn]] static void too_many_steps();
  [[noreturn]] static void too_much_text();

  std::size_t steps_ = 0;
  std::size_t text_ = 0;
};

/// One level deeper into values, or nodes; throws where that is too deep.
class Deeper {
 public:
  Deeper(int& depth, int limit, const char* what) : depth_(depth) {
    if (depth_ >= limit) other_error(what);
    ++depth_;
  }
  ~Deeper() { --depth_; }
  Deeper(const Deeper&) = delete;
  Deeper& operator=(const Deeper&) = delete;

 private:
  int& depth_;
};

class DeeperValue : public Deeper {
 public:
  explicit DeeperValue(Run& run)
      : Deeper(run.value_depth, Limits::value_depth, "a value is nested too deeply (more than 100 levels)") {}
};

class DeeperNode : public Deeper {
 public:
  explicit DeeperNode(Run& run)
      : Deeper(run.node_depth, Limits::node_depth, "what the template runs is nested too deeply") {}
};

}  // namespace berth::jinja
