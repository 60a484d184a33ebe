#!/usr/bin/env python3
"""Prints src/text/unicode_table.h: what this Python's str knows of each character.

  scripts/unicode_table.py > src/text/unicode_table.h && clang-format -i src/text/unicode_table.h
"""
import sys
import unicodedata

KINDS = ["isalpha", "isdecimal", "isdigit", "isnumeric", "islower", "isupper", "istitle", "isspace"]


def kinds(code):
    character = chr(code)
    bits = sum(1 << i for i, kind in enumerate(KINDS) if getattr(character, kind)())
    if unicodedata.category(character) == "Lt":
        bits &= ~(1 << 5)
    elif bits & 1 << 5:
        bits &= ~(1 << 6)  # an upper case letter alone is a title, too
    return bits


def kind_ranges():
    ranges = []
    for code in range(0x80, 0x110000):
        bits = kinds(code)
        if bits and ranges and ranges[-1][2] == bits and ranges[-1][1] == code - 1:
            ranges[-1][1] = code
        elif bits:
            ranges.append([code, code, bits])
    return ranges


def identifier_ranges():
    ranges = []  # [first, last, whether an identifier can start with it]
    for code in range(0x80, 0x110000):
        if not f"a{chr(code)}".isidentifier():
            continue
        starts = chr(code).isidentifier()
        if ranges and ranges[-1][2] == starts and ranges[-1][1] == code - 1:
            ranges[-1][1] = code
        else:
            ranges.append([code, code, starts])
    return ranges


def mapping_ranges(mapped):
    ranges = []  # [first, last, step, difference]
    for code in range(0x80, 0x110000):
        other = mapped(chr(code))
        if other == chr(code) or len(other) > 1:
            continue
        difference = ord(other) - code
        last = ranges[-1] if ranges else None
        if last and last[3] == difference and code - last[1] in ((1, 2) if last[0] == last[1] else (last[2],)):
            last[2] = code - last[1]
            last[1] = code
        else:
            ranges.append([code, code, 1, difference])
    return ranges


def long_mappings(mapped):
    found = []
    for code in range(0x80, 0x110000):
        other = mapped(chr(code))
        if len(other) > 1:
            found.append((code, "".join(f"\\x{byte:02x}" for byte in other.encode())))
    return found


def title_only():
    """Where the title differs from the upper case."""
    return [(code, ord(chr(code).title())) for code in range(0x80, 0x110000)
            if len(chr(code).title()) == 1 and chr(code).title() != chr(code).upper()]


def fold_only():
    """Where casefold() differs from lower()."""
    return [(code, "".join(f"\\x{byte:02x}" for byte in chr(code).casefold().encode())) for code in range(0x80, 0x110000)
            if chr(code).casefold() != chr(code).lower()]


def array(kind, name, entries):
    print(f"inline constexpr std::array<{kind}, {len(entries)}> {name} = {{{{")
    print(", ".join(entries))
    print("}};\n")


def main():
    print(f"""/// Made by scripts/unicode_table.py from Unicode {unicodedata.unidata_version} (Python {sys.version.split()[0]}).
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace berth {{

/// Characters of the same kinds: a bit each for {", ".join(KINDS)}.
struct CharacterRange {{
  std::uint32_t first;
  std::uint32_t last;
  std::uint8_t kinds;
}};

/// Characters of identifiers (XID_Continue), and whether one can start with them (XID_Start).
struct IdentifierRange {{
  std::uint32_t first;
  std::uint32_t last;
  bool starts;
}};

/// Each `step`-th character from `first` to `last`, with what to add to its code.
struct CaseRange {{
  std::uint32_t first;
  std::uint32_t last;
  std::uint32_t step;
  std::int32_t difference;
}};

/// A character that becomes a text of its own.
struct CharacterText {{
  std::uint32_t code;
  std::string_view text;
}};

struct CharacterCode {{
  std::uint32_t code;
  std::uint32_t other;
}};
""")
    array("CharacterRange", "character_ranges", [f"{{0x{a:X}, 0x{b:X}, {k}}}" for a, b, k in kind_ranges()])
    array("IdentifierRange", "identifier_ranges",
          [f"{{0x{a:X}, 0x{b:X}, {str(s).lower()}}}" for a, b, s in identifier_ranges()])
    array("CaseRange", "upper_case_ranges",
          [f"{{0x{a:X}, 0x{b:X}, {s}, {d}}}" for a, b, s, d in mapping_ranges(str.upper)])
    array("CaseRange", "lower_case_ranges",
          [f"{{0x{a:X}, 0x{b:X}, {s}, {d}}}" for a, b, s, d in mapping_ranges(str.lower)])
    array("CharacterText", "upper_case_texts", [f'{{0x{c:X}, "{t}"}}' for c, t in long_mappings(str.upper)])
    array("CharacterCode", "title_case_codes", [f"{{0x{c:X}, 0x{t:X}}}" for c, t in title_only()])
    array("CharacterText", "title_case_texts", [f'{{0x{c:X}, "{t}"}}' for c, t in long_mappings(str.title)])
    array("CharacterText", "folded_texts", [f'{{0x{c:X}, "{t}"}}' for c, t in fold_only()])
    print("}  // namespace berth")


if __name__ == "__main__":
    main()
