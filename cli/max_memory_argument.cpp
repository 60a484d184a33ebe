#include "max_memory_argument.h"

#include "failure.h"
#include "text/printable.h"

namespace berth::cli {

std::pair<std::string, std::string> at_equals(const std::string& text, const char* option, const char* form,
                                              const char* command) {
  const auto at = text.rfind('=');
  if (at == std::string::npos || at == 0 || at + 1 == text.size())
    throw WrongUse(std::string(option) + " takes " + form + ", not " + in_quotes(text), command);
  return {text.substr(0, at), text.substr(at + 1)};
}

std::vector<MemoryBudget> max_memory_budgets(const std::vector<std::string>& texts, const char* command) {
  Value::Array pairs;
  for (const auto& each : texts) {
    const auto [device, size] = at_equals(each, "--max-memory", "DEVICE=SIZE", command);
    pairs.push_back(Value::Array{device, size});
  }
  return max_memory_from(pairs);
}

}  // namespace berth::cli
