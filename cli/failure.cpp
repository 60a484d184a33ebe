#include "failure.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <csignal>
#include <new>
#include <string_view>

#include "berth/device.h"
#include "berth/error.h"
#include "berth/value.h"
#include "command.h"
#include "output.h"
#include "text/printable.h"

namespace berth::cli {
namespace {

int exit_code_of(const std::exception& problem) {
  if (const auto* interrupted = dynamic_cast<const Interrupted*>(&problem)) return interrupted->exit_code();
  if (dynamic_cast<const ModelDoesNotFit*>(&problem) != nullptr) return does_not_fit;
  return dynamic_cast<const std::invalid_argument*>(&problem) != nullptr ? wrong_use : failed;
}

}  // namespace

std::string on_one_line(std::string_view text) {
  std::string line;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    line += text.substr(0, end);
    const auto next = std::min(text.find_first_not_of("\n ", end), text.size());
    if (end < text.size() && next < text.size()) line += ' ';
    text.remove_prefix(next);
  }
  return line;
}

WrongUse::WrongUse(const std::string& message, const std::string& command)
    : std::invalid_argument(message + " (see " + command + " --help)") {}

Problems::Problems(std::vector<std::string> all)
    : std::runtime_error(fmt::format("{}", fmt::join(all, "; "))), all_(std::move(all)) {}

Interrupted::Interrupted(int signal)
    : std::runtime_error(signal == SIGINT ? "Ended by Ctrl-C" : "Ended by signal " + std::to_string(signal)),
      signal_(signal) {}

std::string message_of(const std::exception& problem) {
  if (dynamic_cast<const std::bad_alloc*>(&problem) != nullptr) return "Not enough memory";
  std::string message = escaped(on_one_line(problem.what()));
  if (dynamic_cast<const UnknownDeviceType*>(&problem) != nullptr)
    message += "; known are " + UnknownDeviceType::accepted() + ", each also with an index, as in cuda:1";
  return message;
}

int report(const std::exception& problem, bool json) {
  const auto message = message_of(problem);
  // Who pressed Ctrl-C knows why it ended.
  const auto* several = dynamic_cast<const Problems*>(&problem);
  if (several != nullptr)
    for (const auto& each : several->all()) note(escaped(on_one_line(each)), Note::error);
  else if (dynamic_cast<const Interrupted*>(&problem) == nullptr)
    note(message, Note::error);
  if (json && dynamic_cast<const OutputError*>(&problem) == nullptr) {
    try {
      Value::Object error{{"message", message}};
      if (several != nullptr) error.set("problems", Value::Array(several->all().begin(), several->all().end()));
      print(Value(Value::Object{{"error", std::move(error)}}).to_json(2) + "\n");
      flush();
    } catch (const OutputError& second) {
      note(message_of(second), Note::error);
    }
  }
  return exit_code_of(problem);
}

}  // namespace berth::cli
