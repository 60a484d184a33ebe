#include "tokenizer/replace.h"

#include <vector>

namespace berth::tokenizing {

void write_replaced(const Pattern& pattern, std::string_view content, std::string_view text, Rewrite& rewrite) {
  if (text.empty()) return;
  std::vector<Span> spans;
  pattern.find(text, spans);
  for (const auto& span : spans) {
    if (!span.is_match) {
      rewrite.keep_bytes(span.end - span.begin);
    } else {
      rewrite.drop_bytes(span.end - span.begin);
      rewrite.insert(content);
    }
  }
}

}  // namespace berth::tokenizing
