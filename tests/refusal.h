#pragma once

#include <stdexcept>
#include <string>

namespace berth::test {

/// What the error of `call` says, or "was accepted" where it throws none.
template <class Error = std::invalid_argument, class Call>
std::string refusal(Call&& call) {
  try {
    call();
  } catch (const Error& problem) {
    return problem.what();
  }
  return "was accepted";
}

}  // namespace berth::test
