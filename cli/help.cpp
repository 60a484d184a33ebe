#include "help.h"

#include <algorithm>
#include <charconv>
#include <memory>
#include <system_error>
#include <utility>

#include "text.h"

namespace berth::cli {
namespace {

class Formatter : public CLI::Formatter {
 public:
  std::string make_option(const CLI::Option* option, bool is_positional) const override {
    std::string name = make_option_name(option, is_positional);
    for (auto comma = name.find(','); comma != std::string::npos; comma = name.find(',', comma + 2))
      name.insert(comma + 1, " ");
    const auto value = value_name(*option);
    if (!is_positional && !value.empty()) name += " " + value;
    return entry(std::move(name), option->get_description());
  }
  std::string make_subcommand(const CLI::App* command) const override {
    const auto& text = command->get_description();
    return entry(command->get_name(), text.substr(0, text.find('\n')));
  }
  std::string make_usage(const CLI::App* app, std::string name) const override {
    return "\n" + CLI::Formatter::make_usage(app, std::move(name));
  }
};

CLI::Validator of_text(const std::string& expected, bool (*matches)(const std::string&)) {
  return CLI::Validator(
      [=](std::string& text) { return matches(text) ? std::string() : "'" + text + "' is no " + expected; }, "");
}

std::size_t digits(const std::string& text, std::size_t& at) {
  const auto start = at;
  while (at < text.size() && text[at] >= '0' && text[at] <= '9') ++at;
  return at - start;
}

bool is_whole_number(const std::string& text) {
  std::size_t at = text.starts_with('-') ? 1 : 0;
  const bool leading_zero = text.size() > at + 1 && text[at] == '0';
  return !leading_zero && digits(text, at) > 0 && at == text.size();
}

bool is_decimal_number(const std::string& text) {
  std::size_t at = text.starts_with('-') || text.starts_with('+') ? 1 : 0;
  std::size_t count = digits(text, at);
  if (at < text.size() && text[at] == '.') count += digits(text, ++at);
  if (count == 0) return false;
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    if (at < text.size() && (text[at] == '-' || text[at] == '+')) ++at;
    if (digits(text, at) == 0) return false;
  }
  return at == text.size();
}

}  // namespace

void set_help(CLI::App& app, const std::string& examples) {
  app.formatter(std::make_shared<Formatter>());
  app.get_formatter()->label("SUBCOMMAND", "COMMAND");
  app.get_formatter()->label("Positionals", "Arguments");
  if (app.get_parent() != nullptr) app.group("Commands");
  app.set_help_flag("-h,--help", "Print this help");
  app.footer(examples);
}

CLI::App* add_part(CLI::App& above, const char* name, const char* what, const char* examples, Action& action,
                   Action work) {
  auto* command = above.add_subcommand(name, what);
  set_help(*command, examples);
  command->callback([work = std::move(work), &action] { action = work; });
  return command;
}

std::string value_name(const CLI::Option& option) {
  if (option.get_type_size() == 0) return "";
  const auto name = option.get_type_name();
  return name.substr(0, name.find(':'));
}

std::vector<std::string> value_choices(const CLI::Option& option) {
  const auto name = option.get_type_name();
  const auto open = name.find('{');
  const auto close = name.find('}');
  if (open == std::string::npos || close == std::string::npos) return {};
  return CLI::detail::split(name.substr(open + 1, close - open - 1), ',');
}

CLI::Validator whole_number() { return of_text("whole number", is_whole_number); }

CLI::Validator whole_number_from(std::int64_t least) {
  return CLI::Validator(
      [=](std::string& text) {
        if (!is_whole_number(text)) return "'" + text + "' is no whole number";
        std::int64_t number = 0;
        const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
        if (problem == std::errc() && number >= least) return std::string();
        return text + " is out of range; the least is " + std::to_string(least);
      },
      "");
}

CLI::Validator decimal_number() { return of_text("number", is_decimal_number); }

CLI::Validator one_of(const std::vector<std::string>& choices) {
  return CLI::Validator(
      [choices](std::string& text) {
        return std::ranges::find(choices, text) != choices.end()
                   ? std::string()
                   : "'" + text + "' is none of " + CLI::detail::join(choices, ", ");
      },
      "{" + CLI::detail::join(choices, ",") + "}");
}

}  // namespace berth::cli
