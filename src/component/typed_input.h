/// Inputs whose wrong type Haystack's components tell in words of their own.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "berth/component.h"
#include "berth/document.h"

namespace berth {

/// Throws WrongType with `message` where the input is no text.
std::string text_input(const Run& run, const Input<std::string>& input, std::string_view message);

/// Throws WrongType: with `message` where the input is no list or does not begin with a document, as Haystack looks at the
/// first one alone; for another entry that is none as Run::get().
std::vector<Document> documents_input(const Run& run, const Input<std::vector<Document>>& input,
                                      std::string_view message);

}  // namespace berth
