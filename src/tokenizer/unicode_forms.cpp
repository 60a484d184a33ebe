#include "tokenizer/unicode_forms.h"

#include <unicode/uchar.h>
#include <unicode/unorm2.h>
#include <unicode/utf16.h>

#include <algorithm>
#include <optional>
#include <stdexcept>
#include <vector>

namespace berth::tokenizing {
namespace {

constexpr int newest_version = 9;

/// A character with its combining class and how it changes the text (Rewrite::put).
struct Changed {
  std::uint8_t combining_class;
  std::uint32_t code;
  int change;
};

const UNormalizer2& normalizer(bool compatible) {
  UErrorCode error = U_ZERO_ERROR;
  const auto* found = compatible ? unorm2_getNFKCInstance(&error) : unorm2_getNFCInstance(&error);
  if (U_FAILURE(error) != 0 || found == nullptr) throw std::runtime_error("ICU has no data for normalization");
  return *found;
}

bool is_known(std::uint32_t code) {
  UVersionInfo age;
  u_charAge(static_cast<UChar32>(code), age);
  return age[0] <= newest_version;
}

std::uint8_t combining_class_of(std::uint32_t code) {
  if (code < 0x300 || !is_known(code)) return 0;
  return u_getCombiningClass(static_cast<UChar32>(code));
}

bool is_compatible(UnicodeForm form) { return form == UnicodeForm::nfkc || form == UnicodeForm::nfkd; }
bool is_composed(UnicodeForm form) { return form == UnicodeForm::nfc || form == UnicodeForm::nfkc; }

/// The full decomposition, marks in canonical order.
std::vector<Changed> decomposed(std::string_view text, const UNormalizer2& forms) {
  std::vector<Changed> all;
  all.reserve(text.size());
  std::size_t marks = 0;  // where the marks that are not in order yet start
  const auto by_class = [](const Changed& a, const Changed& b) { return a.combining_class < b.combining_class; };
  const auto put_in_order = [&] {
    if (all.size() - marks > 1) std::stable_sort(all.begin() + static_cast<std::ptrdiff_t>(marks), all.end(), by_class);
  };
  const auto add = [&](std::uint32_t code, int change) {
    const auto combining = combining_class_of(code);
    if (combining == 0) put_in_order();
    all.push_back({combining, code, change});
    if (combining == 0) marks = all.size();
  };
  each_character(text, [&](std::uint32_t code) {
    UChar parts[64];
    UErrorCode error = U_ZERO_ERROR;
    const auto length = code < 0xA0 || !is_known(code)
                            ? -1
                            : unorm2_getDecomposition(&forms, static_cast<UChar32>(code), parts, 64, &error);
    if (length < 0 || U_FAILURE(error) != 0) return add(code, 0);
    for (std::int32_t i = 0; i < length;) {
      const bool first = i == 0;
      UChar32 part = 0;
      U16_NEXT(parts, i, length, part);
      add(static_cast<std::uint32_t>(part), first ? 0 : 1);
    }
  });
  put_in_order();
  return all;
}

/// The crate's Recompositions, as a loop: pairs are joined, and what stood between them comes behind.
class Composition {
 public:
  Composition(const UNormalizer2& forms, Rewrite& rewrite) : forms_(forms), rewrite_(rewrite) {}

  void add(const Changed& next) {
    if (!starter_) {
      if (next.combining_class != 0) return put(next);
      starter_ = next;
      return;
    }
    const bool blocked = last_class_ && *last_class_ >= next.combining_class;
    if (!blocked) {
      if (const auto joined = compose(starter_->code, next.code)) {
        starter_->code = *joined;
        starter_->change += next.change - 1;
        return;
      }
    }
    if (next.combining_class == 0 && (blocked || !last_class_)) {
      finish();
      starter_ = next;
      return;
    }
    behind_.push_back(next);
    last_class_ = next.combining_class;
  }

  void finish() {
    if (starter_) put(*starter_);
    for (const auto& each : behind_) put(each);
    starter_.reset();
    behind_.clear();
    last_class_.reset();
  }

 private:
  void put(const Changed& each) { rewrite_.put(each.code, each.change); }

  std::optional<std::uint32_t> compose(std::uint32_t a, std::uint32_t b) const {
    if (b < 0x300) return std::nullopt;
    const auto joined = unorm2_composePair(&forms_, static_cast<UChar32>(a), static_cast<UChar32>(b));
    if (joined < 0 || !is_known(static_cast<std::uint32_t>(joined))) return std::nullopt;
    return static_cast<std::uint32_t>(joined);
  }

  const UNormalizer2& forms_;
  Rewrite& rewrite_;
  std::optional<Changed> starter_;
  std::vector<Changed> behind_;
  std::optional<std::uint8_t> last_class_;
};

}  // namespace

void write_form(UnicodeForm form, std::string_view text, Rewrite& rewrite) {
  if (is_ascii(text)) return rewrite.keep_bytes(text.size());
  const auto characters = decomposed(text, normalizer(is_compatible(form)));
  if (!is_composed(form)) {
    for (const auto& each : characters) rewrite.put(each.code, each.change);
    return;
  }
  Composition composition(normalizer(false), rewrite);
  for (const auto& each : characters) composition.add(each);
  composition.finish();
}

}  // namespace berth::tokenizing
