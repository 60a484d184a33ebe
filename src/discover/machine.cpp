#include <unistd.h>

#include "discover/probe.h"

namespace berth::discovery {

Machine Machine::this_one() {
  Machine machine;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const auto equals = text.find('=');
    if (equals != std::string_view::npos && equals > 0)
      machine.environment.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return machine;
}

const std::string* Machine::variable(const std::string& name) const {
  const auto found = environment.find(name);
  return found == environment.end() ? nullptr : &found->second;
}

}  // namespace berth::discovery
