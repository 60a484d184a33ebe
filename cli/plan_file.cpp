#include "plan_file.h"

#include <stdexcept>

#include "text_file.h"

namespace berth::cli {

Plan read_plan(const std::string& path) {
  const auto text = read_file_or_input(path, "a plan");
  try {
    return Plan::from_dict(Value::from_json(text));
  } catch (const std::exception& problem) {
    throw std::runtime_error(file_name_for_messages(path) + " is no plan: " + problem.what());
  }
}

}  // namespace berth::cli
