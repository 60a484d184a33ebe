/// Texts of HTML: what striptags and urlize make of them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace berth::jinja {

/// `text` without comments and tags, with single blanks, and with entities as the characters that they stand for.
std::string without_tags(std::string_view text);

/// `text` with the characters that its entities stand for.
std::string without_entities(std::string_view text);

struct LinkOptions {
  std::optional<std::int64_t> text_limit;  ///< characters of an address that are shown
  std::string relation;
  std::string target;
  std::vector<std::string> schemes;  ///< beside http, https and mailto
};

/// `text`, which is escaped, with its addresses as links.
std::string with_links(std::string_view text, const LinkOptions& options);

bool is_scheme(std::string_view text);  ///< "tel:" or "ftp://"

}  // namespace berth::jinja
