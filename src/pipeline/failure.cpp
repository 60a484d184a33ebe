#include "pipeline/failure.h"

#include <fmt/format.h>

#include <algorithm>

#include "berth/error.h"
#include "berth/pipeline.h"

namespace berth {
namespace {

bool is_cancelled(const Failure& failure) {
  try {
    std::rethrow_exception(failure.problem);
  } catch (const Cancelled&) {
    return true;
  } catch (...) {
    return false;
  }
}

std::string cause_of(const Failure& failure) {
  try {
    std::rethrow_exception(failure.problem);
  } catch (const std::exception& cause) {
    return cause.what();
  } catch (...) {
    return "it threw what is no std::exception";
  }
}

}  // namespace

void throw_first(const std::vector<Failure>& failures,
                 const std::function<std::string(const std::string& component, const std::string& cause)>& message) {
  if (failures.empty()) return;
  const auto first = std::ranges::find_if_not(failures, is_cancelled);
  if (first == failures.end()) std::rethrow_exception(failures.front().problem);
  auto text = message(first->component, cause_of(*first));
  for (auto other = first + 1; other != failures.end(); ++other)
    if (!is_cancelled(*other))
      text += fmt::format("\nComponent '{}' failed too: {}", other->component, cause_of(*other));
  try {
    std::rethrow_exception(first->problem);
  } catch (...) {
    std::throw_with_nested(PipelineError(first->component, text));
  }
}

}  // namespace berth
