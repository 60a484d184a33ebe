#include "plan_file.h"

#include <stdexcept>

#include "berth/error.h"
#include "text_file.h"
#include "value_file.h"

namespace berth::cli {

Plan read_plan(const std::string& path) {
  try {
    return Plan::from_dict(read_value_file(path, "a plan"));
  } catch (const FormatError& problem) {
    throw std::runtime_error(std::string("No plan can be read: ") + problem.what());
  } catch (const std::invalid_argument& problem) {
    throw std::runtime_error(file_name_for_messages(path) + " is no plan: " + problem.what());
  }
}

}  // namespace berth::cli
