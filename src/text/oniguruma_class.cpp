#include "text/oniguruma_class.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace berth {
namespace {

using Name = std::pair<std::string_view, std::string_view>;

// POSIX names first, which are wider there than PCRE2's, then the long names of general categories.
constexpr std::array property_names = {
    Name{"alnum", "\\p{Alphabetic}\\p{Nd}\\x{363}-\\x{36f}"},
    Name{"alpha", "\\p{Alphabetic}\\x{363}-\\x{36f}"},
    Name{"ascii", "\\x00-\\x7f"},
    Name{"blank", "\\x09\\p{Zs}"},
    Name{"cntrl", "\\p{Cc}"},
    Name{"digit", "\\p{Nd}"},
    Name{"graph", "\\p{L}\\p{M}\\p{N}\\p{P}\\p{S}\\p{Cf}\\p{Co}"},
    Name{"lower", "\\p{Lowercase}"},
    Name{"print", "\\p{L}\\p{M}\\p{N}\\p{P}\\p{S}\\p{Cf}\\p{Co}\\p{Zs}"},
    Name{"punct", "\\p{P}"},  // of \p{Punct}; [:punct:] has the symbols too
    Name{"space", oniguruma_space},
    Name{"upper", "\\p{Uppercase}"},
    Name{"xdigit", oniguruma_hex},
    Name{"word", oniguruma_word},
    Name{"any", "\\x00-\\x{10ffff}"},
    Name{"assigned", "\\P{Cn}"},
    Name{"letter", "\\p{L}"},
    Name{"casedletter", "\\p{Lu}\\p{Ll}\\p{Lt}"},
    Name{"lc", "\\p{Lu}\\p{Ll}\\p{Lt}"},
    Name{"uppercaseletter", "\\p{Lu}"},
    Name{"lowercaseletter", "\\p{Ll}"},
    Name{"titlecaseletter", "\\p{Lt}"},
    Name{"modifierletter", "\\p{Lm}"},
    Name{"otherletter", "\\p{Lo}"},
    Name{"mark", "\\p{M}"},
    Name{"combiningmark", "\\p{M}"},
    Name{"nonspacingmark", "\\p{Mn}"},
    Name{"spacingmark", "\\p{Mc}"},
    Name{"enclosingmark", "\\p{Me}"},
    Name{"number", "\\p{N}"},
    Name{"decimalnumber", "\\p{Nd}"},
    Name{"letternumber", "\\p{Nl}"},
    Name{"othernumber", "\\p{No}"},
    Name{"punctuation", "\\p{P}"},
    Name{"connectorpunctuation", "\\p{Pc}"},
    Name{"dashpunctuation", "\\p{Pd}"},
    Name{"openpunctuation", "\\p{Ps}"},
    Name{"closepunctuation", "\\p{Pe}"},
    Name{"initialpunctuation", "\\p{Pi}"},
    Name{"finalpunctuation", "\\p{Pf}"},
    Name{"otherpunctuation", "\\p{Po}"},
    Name{"symbol", "\\p{S}"},
    Name{"mathsymbol", "\\p{Sm}"},
    Name{"currencysymbol", "\\p{Sc}"},
    Name{"modifiersymbol", "\\p{Sk}"},
    Name{"othersymbol", "\\p{So}"},
    Name{"separator", "\\p{Z}"},
    Name{"spaceseparator", "\\p{Zs}"},
    Name{"lineseparator", "\\p{Zl}"},
    Name{"paragraphseparator", "\\p{Zp}"},
    Name{"other", "\\p{C}"},
    Name{"control", "\\p{Cc}"},
    Name{"format", "\\p{Cf}"},
    Name{"surrogate", "\\p{Cs}"},
    Name{"privateuse", "\\p{Co}"},
    Name{"unassigned", "\\p{Cn}"},
};

constexpr std::array<std::string_view, 37> general_categories = {
    "l",  "lu", "ll", "lt", "lm", "lo", "m",  "mn", "mc", "me", "n",  "nd", "nl", "no", "p",  "pc", "pd", "ps", "pe",
    "pi", "pf", "po", "s",  "sm", "sc", "sk", "so", "z",  "zs", "zl", "zp", "c",  "cc", "cf", "cn", "co", "cs"};

// Binary properties; all other names are scripts.
constexpr std::array<std::string_view, 45> binary_properties = {"ahex",
                                                                "alphabetic",
                                                                "asciihexdigit",
                                                                "bidic",
                                                                "bidicontrol",
                                                                "bidim",
                                                                "bidimirrored",
                                                                "cased",
                                                                "caseignorable",
                                                                "changeswhencasefolded",
                                                                "changeswhencasemapped",
                                                                "changeswhenlowercased",
                                                                "changeswhentitlecased",
                                                                "changeswhenuppercased",
                                                                "dash",
                                                                "defaultignorablecodepoint",
                                                                "deprecated",
                                                                "diacritic",
                                                                "emoji",
                                                                "emojicomponent",
                                                                "emojimodifier",
                                                                "emojimodifierbase",
                                                                "emojipresentation",
                                                                "extendedpictographic",
                                                                "extender",
                                                                "graphemebase",
                                                                "graphemeextend",
                                                                "hexdigit",
                                                                "idcontinue",
                                                                "ideographic",
                                                                "idstart",
                                                                "joincontrol",
                                                                "lowercase",
                                                                "math",
                                                                "noncharactercodepoint",
                                                                "patternsyntax",
                                                                "patternwhitespace",
                                                                "quotationmark",
                                                                "radical",
                                                                "regionalindicator",
                                                                "softdotted",
                                                                "terminalpunctuation",
                                                                "unifiedideograph",
                                                                "uppercase",
                                                                "variationselector"};

}  // namespace

std::optional<std::string> oniguruma_property(std::string_view name) {
  std::string key;
  for (const char c : name) {
    const bool upper = c >= 'A' && c <= 'Z';
    if (upper || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
      key += static_cast<char>(upper ? c | 0x20 : c);
    else if (c != ' ' && c != '_' && c != '-')
      return std::nullopt;
  }
  if (key.empty()) return std::nullopt;
  if (const auto* named = std::ranges::find(property_names, key, &Name::first); named != property_names.end())
    return std::string(named->second);
  if (key == "whitespace") return std::string(oniguruma_space);
  if (std::ranges::find(general_categories, key) != general_categories.end()) {
    key[0] = static_cast<char>(key[0] & ~0x20);
    return fmt::format("\\p{{{}}}", key);
  }
  if (std::ranges::find(binary_properties, key) != binary_properties.end()) return fmt::format("\\p{{{}}}", key);
  return fmt::format("\\p{{sc:{}}}", key);
}

}  // namespace berth
