#include "discover/drivers/driver_report.h"

#include <fmt/format.h>

#include <algorithm>

#include "text/printable.h"

namespace berth::discovery {
void report_library(ProbeReport& report, const LibraryError& problem, std::string_view advice) {
  const std::string reason = problem.what();
  if (!problem.missing_symbol().empty()) {
    report.outcome = ProbeOutcome::missing_symbol;
    report.message = printable(reason, 400) + ": it is older than this program knows, or another library of that name.";
  } else if (problem.not_there()) {
    report.outcome = ProbeOutcome::no_driver;
    report.message = advice;
  } else {
    report.outcome = ProbeOutcome::failed;
    report.message = "Its library cannot be opened: " + printable(reason, 400) + ". Installing it anew may help.";
  }
}

std::string driver_text(std::string_view field) {
  field = field.substr(0, field.find('\0'));
  while (!field.empty() && field.back() == ' ') field.remove_suffix(1);
  return printable(field);
}

std::string uuid_text(const unsigned char (&bytes)[16]) {
  if (std::all_of(std::begin(bytes), std::end(bytes), [](unsigned char byte) { return byte == 0; })) return {};
  std::string text;
  for (int i = 0; i < 16; ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    text += fmt::format("{:02x}", bytes[i]);
  }
  return text;
}

}  // namespace berth::discovery
