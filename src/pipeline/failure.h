/// What components threw that worked side by side.
#pragma once

#include <exception>
#include <functional>
#include <string>
#include <vector>

namespace berth {

struct Failure {
  std::string component;
  std::exception_ptr problem;
};

/// Throws what ended them, where something did: PipelineError with the text that `message` makes of the first one and its
/// cause, the others after it, what the first one threw being nested in it. Cancelled where they were but cancelled.
void throw_first(const std::vector<Failure>& failures,
                 const std::function<std::string(const std::string& component, const std::string& cause)>& message);

}  // namespace berth
