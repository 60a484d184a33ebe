#include "document_store/date.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <ctime>
#include <string>
#include <vector>

#include "text/lower_case.h"
#include "text/regex.h"

namespace berth {
namespace {

using std::chrono::hours;
using std::chrono::local_days;
using std::chrono::microseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using std::chrono::year_month_day;

// Haystack asks datetime.fromisoformat() first: the time may follow any character.
constexpr std::array iso_dates = {R"((?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d))",
                                  R"((?P<year>\d{4})(?P<month>\d\d)(?P<day>\d\d))",
                                  R"((?P<year>\d{4})-?W(?P<week>\d\d)(?:-?(?P<weekday>\d))?)"};
constexpr std::array iso_times = {
    R"((?P<hour>\d\d)(?::(?P<minute>\d\d)(?::(?P<second>\d\d)(?:[.,](?P<fraction>\d+))?)?)?)",
    R"((?P<hour>\d\d)(?P<minute>\d\d)(?:(?P<second>\d\d)(?:[.,](?P<fraction>\d+))?)?)"};
constexpr auto iso_zone =
    R"(\s*(?:Z|UTC|GMT|(?P<sign>[+-])(?P<zone_hour>\d\d)(?::?(?P<zone_minute>\d\d)(?::?(?P<zone_second>\d\d)(?:[.,](?P<zone_fraction>\d+))?)?)?))";

constexpr auto weekday_pattern = "(?:(?:mon|tues|wednes|thurs|fri|satur|sun)day|mon|tue|wed|thu|fri|sat|sun)";
constexpr auto month_pattern =
    "(?P<month_name>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sep(?:t(?:ember)?)?|"
    "oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)[.]?";
constexpr auto day_pattern = "(?P<day>\\d{1,2})(?:st|nd|rd|th)?";
constexpr auto year_pattern = "(?P<year>\\d{4})";
constexpr auto loose_time =
    R"((?P<hour>\d{1,2})(?::(?P<minute>\d{1,2})(?::(?P<second>\d{1,2})(?:[.,](?P<fraction>\d+))?)?)?)"
    R"((?:\s*(?P<half>[ap])m)?)";

std::vector<Regex> make_patterns() {
  std::vector<Regex> patterns;
  const auto add = [&](const std::string& date_and_time) {
    patterns.emplace_back(fmt::format(R"((?ais)\s*(?:{}[.,]?\s+)?{}\s*)", weekday_pattern, date_and_time));
  };
  const auto zone = fmt::format("(?P<zone>{})?", iso_zone);
  for (const auto* date : iso_dates)
    for (const auto* time : iso_times) add(fmt::format("{}(?:T|.{}{})?", date, time, zone));
  for (const auto& date : {fmt::format(R"({}[-/.](?P<month>\d{{1,2}})[-/.](?P<day>\d{{1,2}}))", year_pattern),
                           fmt::format(R"((?P<month>\d{{1,2}})[-/.](?P<day>\d{{1,2}})[-/.]{})", year_pattern),
                           fmt::format(R"({}[\s/-]+(?:of\s+)?{}[\s/,-]+{})", day_pattern, month_pattern, year_pattern),
                           fmt::format(R"({}[\s/-]+{}(?:,?\s+|[/-]){})", month_pattern, day_pattern, year_pattern),
                           fmt::format(R"({}[\s-]+{}[\s-]+{})", year_pattern, month_pattern, day_pattern),
                           fmt::format(R"({},?\s+{})", month_pattern, year_pattern),
                           fmt::format(R"({}-(?P<month>\d\d))", year_pattern), std::string(year_pattern)})
    add(fmt::format(R"({}(?:(?:\s*,)?[\sT]\s*(?:{}{})?)?)", date, loose_time, zone));
  // As C's asctime() and the command date write it.
  add(fmt::format(R"({}\s+{}\s+{}{}\s+{})", month_pattern, day_pattern, loose_time, zone, year_pattern));
  return patterns;
}

/// The named groups of a match as numbers.
class Parts {
 public:
  Parts(const Regex& regex, const RegexMatch& match) : regex_(regex), match_(match) {}

  std::string_view text(std::string_view name) const {
    const auto number = regex_.group_number(name);
    return number ? match_.group(*number) : std::string_view();
  }
  std::optional<int> number(std::string_view name) const {
    const auto digits = text(name);
    if (digits.empty()) return std::nullopt;
    int number = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), number);
    return number;
  }
  /// "5" is half a second; what is beyond microseconds is cut.
  microseconds fraction(std::string_view name) const {
    auto digits = std::string(text(name).substr(0, 6));
    digits.resize(6, '0');
    return microseconds(std::stoi(digits));
  }

 private:
  const Regex& regex_;
  const RegexMatch& match_;
};

year_month_day today() {
  const std::time_t now = std::time(nullptr);
  std::tm clock{};
  localtime_r(&now, &clock);
  return {std::chrono::year(clock.tm_year + 1900), std::chrono::month(static_cast<unsigned>(clock.tm_mon + 1)),
          std::chrono::day(static_cast<unsigned>(clock.tm_mday))};
}

std::optional<local_days> day_of_week(int year, int week, int weekday) {
  using namespace std::chrono;
  if (week < 1 || weekday < 1 || weekday > 7) return std::nullopt;
  const auto first_monday = [](int of) {
    const local_days in_week_1{std::chrono::year(of) / January / 4};
    return in_week_1 - (std::chrono::weekday(in_week_1) - Monday);
  };
  const auto found = first_monday(year) + weeks(week - 1) + days(weekday - 1);
  if (first_monday(year) + weeks(week - 1) >= first_monday(year + 1)) return std::nullopt;
  return found;
}

unsigned month_number(std::string_view name) {
  constexpr std::string_view names = "janfebmaraprmayjunjulaugsepoctnovdec";
  return static_cast<unsigned>(names.find(lower_case(name.substr(0, 3))) / 3 + 1);
}

std::optional<local_days> date_of(const Parts& parts) {
  const int year = *parts.number("year");
  if (year == 0) return std::nullopt;
  if (const auto week = parts.number("week")) return day_of_week(year, *week, parts.number("weekday").value_or(1));

  const auto name = parts.text("month_name");
  const auto in_digits = parts.number("month");
  auto month = !name.empty() ? month_number(name)
               : in_digits   ? static_cast<unsigned>(*in_digits)
                             : static_cast<unsigned>(today().month());
  const auto given_day = parts.number("day");
  auto day = given_day ? static_cast<unsigned>(*given_day) : static_cast<unsigned>(today().day());
  if (month > 12 && parts.text("month").data() < parts.text("year").data()) std::swap(month, day);
  if (!given_day) {
    const std::chrono::year_month_day_last end{std::chrono::year(year) / std::chrono::month(month) / std::chrono::last};
    if (end.ok()) day = std::min(day, static_cast<unsigned>(end.day()));
  }
  const auto date = std::chrono::year(year) / std::chrono::month(month) / std::chrono::day(day);
  return date.ok() ? std::optional(local_days(date)) : std::nullopt;
}

std::optional<microseconds> time_of(const Parts& parts) {
  int hour = parts.number("hour").value_or(0);
  const int minute = parts.number("minute").value_or(0);
  const int second = parts.number("second").value_or(0);
  if (const auto half = parts.text("half"); !half.empty()) {
    if (hour < 1 || hour > 12) return std::nullopt;
    hour = hour % 12 + (half == "p" || half == "P" ? 12 : 0);
  } else if (!parts.text("hour").empty() && parts.text("hour").size() < 2 && parts.text("minute").empty()) {
    return std::nullopt;  // a number alone is no time
  }
  if (hour > 23 || minute > 59 || second > 59) return std::nullopt;
  return hours(hour) + minutes(minute) + seconds(second) + parts.fraction("fraction");
}

std::optional<Date> date_and_time(const Parts& parts) {
  const auto date = date_of(parts);
  const auto time = time_of(parts);
  if (!date || !time) return std::nullopt;
  Date result{*date + *time, std::nullopt};
  if (parts.text("zone").empty()) return result;
  const auto offset = hours(parts.number("zone_hour").value_or(0)) + minutes(parts.number("zone_minute").value_or(0)) +
                      seconds(parts.number("zone_second").value_or(0)) + parts.fraction("zone_fraction");
  if (offset >= hours(24)) return std::nullopt;
  result.offset = parts.text("sign") == "-" ? -offset : offset;
  return result;
}

}  // namespace

std::optional<Date> parse_date(std::string_view text) {
  static const std::vector<Regex> patterns = make_patterns();
  constexpr std::size_t longest = 100;
  if (text.size() > longest) return std::nullopt;
  const auto valid = lower_case(text);
  for (const auto& pattern : patterns)
    if (const auto match = pattern.full_match(valid))
      if (const auto date = date_and_time(Parts(pattern, *match))) return date;
  return std::nullopt;
}

int compare(const Date& a, const Date& b) {
  const auto order = a.offset && b.offset ? (a.clock - *a.offset) <=> (b.clock - *b.offset) : a.clock <=> b.clock;
  return order < 0 ? -1 : order > 0 ? 1 : 0;
}

}  // namespace berth
