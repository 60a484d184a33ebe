/// Small components for tests of pipelines, made with the real Haystack's rules in mind.
#pragma once

#include <algorithm>
#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "berth/chat_message.h"
#include "berth/component.h"
#include "berth/pipeline.h"

namespace berth::test {

struct NoParameters {
  static auto fields() { return std::tuple(); }
};

struct AddParameters {
  int add = 1;
  static auto fields() { return std::tuple(field("add", &AddParameters::add)); }
};

/// result = value + add
class Add final : public ComponentWith<AddParameters> {
 public:
  static constexpr std::string_view type_name = "berth.test.Add";
  explicit Add(AddParameters parameters = {}) : ComponentWith(type_name, parameters) {}
  void run(Run& run) override { run.set(result_, run.get(value_) + run.get(add_).value_or(parameters().add)); }

 private:
  Input<int> value_ = input<int>("value");
  Input<std::optional<int>> add_ = input<std::optional<int>>("add", std::nullopt);
  Output<int> result_ = output<int>("result");
};

/// The sum of all that is sent to it.
class Sum final : public ComponentWith<NoParameters> {
 public:
  static constexpr std::string_view type_name = "berth.test.Sum";
  explicit Sum(NoParameters parameters = {}) : ComponentWith(type_name, parameters) {}
  void run(Run& run) override {
    int total = 0;
    for (const int each : run.get(values_)) total += each;
    run.set(total_, total);
  }

 private:
  Input<std::vector<int>> values_ = variadic_input<int>("values");
  Output<int> total_ = output<int>("total");
};

/// Passes on what came first.
class Joiner final : public ComponentWith<NoParameters> {
 public:
  static constexpr std::string_view type_name = "berth.test.Joiner";
  explicit Joiner(NoParameters parameters = {}) : ComponentWith(type_name, parameters) {}
  void run(Run& run) override { run.set(value_, run.get(values_).at(0)); }

 private:
  Input<std::vector<int>> values_ = variadic_input<int>("values", InputSocket::greedy);
  Output<int> value_ = output<int>("value");
};

struct ThresholdParameters {
  int threshold = 10;
  static auto fields() { return std::tuple(field("threshold", &ThresholdParameters::threshold)); }
};

/// Sends on one of two ways.
class Threshold final : public ComponentWith<ThresholdParameters> {
 public:
  static constexpr std::string_view type_name = "berth.test.Threshold";
  explicit Threshold(ThresholdParameters parameters = {}) : ComponentWith(type_name, parameters) {}
  void run(Run& run) override {
    const int value = run.get(value_);
    run.set(value < parameters().threshold ? below_ : above_, value);
  }

 private:
  Input<int> value_ = input<int>("value");
  Output<int> below_ = output<int>("below");
  Output<int> above_ = output<int>("above");
};

/// Anything that a test wants to happen, with a text as input and output.
class Call final : public Component {
 public:
  explicit Call(std::function<std::string(std::string, const std::stop_token&)> call, bool concurrent = false)
      : Component("berth.test.Call"), call_(std::move(call)), concurrent_(concurrent) {}
  void run(Run& run) override { run.set(result_, call_(run.get(text_), run.stop())); }
  bool concurrent() const override { return concurrent_; }
  Value::Object init_parameters() const override { throw std::invalid_argument("a function cannot be written down"); }

 private:
  std::function<std::string(std::string, const std::stop_token&)> call_;
  bool concurrent_;
  Input<std::string> text_ = input<std::string>("text");
  Output<std::string> result_ = output<std::string>("result");
};

inline void register_test_components() {
  static const bool once = [] {
    register_component<Add>();
    register_component<Sum>();
    register_component<Joiner>();
    register_component<Threshold>();
    return true;
  }();
  (void)once;
}

}  // namespace berth::test
