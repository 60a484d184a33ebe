/// Dates as filters compare them.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace berth {

/// A day and time on somebody's clock. `offset` is that clock's distance from UTC, where it is known.
struct Date {
  std::chrono::local_time<std::chrono::microseconds> clock;
  std::optional<std::chrono::microseconds> offset;
};

/// Reads what Python's datetime.fromisoformat() reads, and the usual ways to write a date in English, as dateutil
/// understands them: "2020/1/5", "1/5/2020" (the month first), "Jan 5, 2020 3 pm". What is not said is that of today.
std::optional<Date> parse_date(std::string_view text);

/// Below 0, 0 or above. Where only one of the two knows its offset, the other is taken to have the same.
int compare(const Date& a, const Date& b);

}  // namespace berth
