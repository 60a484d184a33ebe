#include "engine/encode_result.h"

#include <utility>

namespace berth {
namespace {

void append(EncodedTensor& all, EncodedTensor part) {
  if (part.shape.empty()) return;
  if (all.shape.empty()) {
    all = std::move(part);
    return;
  }
  all.shape[0] += part.shape[0];
  all.values.insert(all.values.end(), part.values.begin(), part.values.end());
}

}  // namespace

void append(EncodeResult& all, EncodeResult part) {
  const auto before = all.first_token.empty() ? 0 : all.first_token.back();
  if (!all.first_token.empty()) all.first_token.pop_back();
  for (const auto first : part.first_token) all.first_token.push_back(before + first);
  append(all.hidden_states, std::move(part.hidden_states));
  append(all.pooler_output, std::move(part.pooler_output));
  append(all.embedding, std::move(part.embedding));
  append(all.logits, std::move(part.logits));
}

EncodeContext part_of(const EncodeContext& context, float from, float to) {
  EncodeContext part{.stop = context.stop, .progress = {}, .log = context.log};
  if (context.progress)
    part.progress = [&context, from, to](float done) {
      return context.progress(done >= 1 ? to : from + done * (to - from));
    };
  return part;
}

}  // namespace berth
