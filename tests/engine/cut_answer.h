/// An answer that is cut short, and what it has to be all the same.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "berth/engine.h"
#include "test_model.h"

namespace berth {

inline int number_of(const char* variable, int otherwise) {
  const char* text = std::getenv(variable);
  return text == nullptr ? otherwise : std::atoi(text);
}

inline const SessionOptions of_one_thread{.n_threads = 1};

/// The model on the worker at `endpoint`.
inline LoadRequest request_at(const std::string& endpoint) {
  LoadRequest request{.model = test::model_path(), .device = Device::rpc(0), .context = ContextSpec{.n_ctx = 512}};
  request.keys.set("rpc:0", {.endpoint = endpoint});
  return request;
}

inline GenerationRequest backwards_from_five(const LoadedModel& model) {
  return {.prompts = {model.apply_chat_template({{"user", "Count from one to five."},
                                                 {"assistant", "One, two, three, four, five."},
                                                 {"user", "Now count backwards."}})},
          .options = {.max_new_tokens = 16}};
}

inline const std::vector<Completion>& expected_completions() {
  static const auto completions = [] {
    const auto model = engine("llama.cpp").load({.model = test::model_path()});
    return model->new_session(of_one_thread)->generate(backwards_from_five(*model)).completions;
  }();
  return completions;
}

inline std::size_t files_open() {
  return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {}));
}

inline std::size_t children_of_this() {
  std::size_t count = 0;
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
    std::ifstream file(task.path() / "children");
    for (int pid = 0; file >> pid;) ++count;
  }
  return count;
}

}  // namespace berth
