#!/usr/bin/env python3
"""Prints src/text/lower_case_table.h: how this Python's str.lower() maps single characters.

  scripts/lower_case_table.py > src/text/lower_case_table.h && clang-format -i src/text/lower_case_table.h
"""
import sys
import unicodedata


def main():
    ranges = []  # [first, last, step, difference]
    for code in range(0x80, 0x110000):
        lower = chr(code).lower()
        if lower == chr(code) or len(lower) > 1:
            continue
        difference = ord(lower) - code
        last = ranges[-1] if ranges else None
        if last and last[3] == difference and code - last[1] in ((1, 2) if last[0] == last[1] else (last[2],)):
            last[2] = code - last[1]
            last[1] = code
        else:
            ranges.append([code, code, 1, difference])
    print(f"""/// Made by scripts/lower_case_table.py from Unicode {unicodedata.unidata_version} (Python {sys.version.split()[0]}).
#pragma once

#include <array>
#include <cstdint>

namespace berth {{

/// Each `step`-th character from `first` to `last`, with what to add to its code.
struct LowerCaseRange {{
  std::uint32_t first;
  std::uint32_t last;
  std::uint32_t step;
  std::int32_t difference;
}};

inline constexpr std::array<LowerCaseRange, {len(ranges)}> lower_case_ranges = {{{{""")
    print(", ".join(f"{{0x{first:X}, 0x{last:X}, {step}, {difference}}}" for first, last, step, difference in ranges))
    print("}};\n\n}  // namespace berth")


if __name__ == "__main__":
    main()
