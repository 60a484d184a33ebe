#include "berth/document_cleaner.h"

#include <fmt/format.h>

#include <functional>
#include <stdexcept>
#include <utility>

#include "component/normal_form.h"
#include "component/repeated_text.h"
#include "text/replacement.h"
#include "text/unicode.h"

namespace berth {
namespace {

/// Calls `visit` with each part of `text` between two `separator`s.
template <class Visit>
void each_part(std::string_view text, char separator, Visit visit) {
  for (std::size_t start = 0;;) {
    const auto end = text.find(separator, start);
    visit(text.substr(start, end == text.npos ? text.npos : end - start));
    if (end == text.npos) return;
    start = end + 1;
  }
}

std::vector<std::string> pages_of(std::string_view text) {
  std::vector<std::string> pages;
  each_part(text, '\f', [&](std::string_view page) { pages.emplace_back(page); });
  return pages;
}

std::string joined_pages(const std::vector<std::string>& pages) {
  std::string text;
  for (std::size_t i = 0; i < pages.size(); ++i) {
    if (i > 0) text += '\f';
    text += pages[i];
  }
  return text;
}

using PageStep = std::function<std::string(const std::string&)>;

std::string on_each_page(const std::string& text, const PageStep& step) {
  auto pages = pages_of(text);
  for (auto& page : pages) page = step(page);
  return joined_pages(pages);
}

std::string without_empty_lines(const std::string& page) {
  std::string lines;
  bool first = true;
  each_part(page, '\n', [&](std::string_view line) {
    if (without_space(line).empty()) return;
    if (!std::exchange(first, false)) lines += '\n';
    lines += line;
  });
  return lines;
}

/// Letters without their marks, and nothing that is not ASCII.
std::string as_ascii(const std::string& text) {
  auto ascii = in_normal_form(text, "NFKD");
  std::erase_if(ascii, [](char c) { return static_cast<unsigned char>(c) > 127; });
  return ascii;
}

}  // namespace

struct DocumentCleaner::Steps {
  explicit Steps(const Parameters& given) : runs_of_space(Regex(R"(\s\s+)"), " ") {
    if (!given.remove_regex.value_or("").empty()) removed.emplace(Regex(*given.remove_regex), "");
    if (given.replace_regexes)
      for (const auto& [pattern, text] : *given.replace_regexes) replaced.emplace_back(Regex(pattern), text);
  }

  Replacement runs_of_space;
  std::optional<Replacement> removed;
  std::vector<Replacement> replaced;
};

DocumentCleaner::DocumentCleaner(Parameters given) : ComponentWith(type_name, std::move(given)) {
  if (const auto form = parameters().unicode_normalization.value_or(""); !form.empty() && !is_normal_form(form))
    throw std::invalid_argument("unicode_normalization must be one of 'NFC', 'NFKC', 'NFD', 'NFKD'.");
  if (parameters().min_content_length < 0)
    throw std::invalid_argument("min_content_length must be greater than or equal to 0.");
  steps_ = std::make_shared<const Steps>(parameters());
}

Value::Object DocumentCleaner::init_parameters() const {
  auto all = ComponentWith::init_parameters();
  leave_out_of_haystack_2(all, "min_content_length", 0);
  return all;
}

std::string DocumentCleaner::cleaned(const std::string& content) const {
  const auto& own = parameters();
  auto text = content;
  const auto step = [&](bool wanted, const PageStep& on_page) {
    if (wanted) text = on_each_page(text, on_page);
  };
  const auto stripped = [](const std::string& page) { return std::string(without_space(page)); };
  if (!own.unicode_normalization.value_or("").empty()) text = in_normal_form(text, *own.unicode_normalization);
  if (own.ascii_only) text = as_ascii(text);
  step(own.remove_extra_whitespaces, [&](const auto& page) { return stripped(steps_->runs_of_space.apply(page)); });
  step(own.remove_empty_lines, without_empty_lines);
  for (const auto& what : own.remove_substrings.value_or(std::vector<std::string>())) text = without(text, what);
  step(steps_->removed.has_value(), [&](const auto& page) { return stripped(steps_->removed->apply(page)); });
  step(!steps_->replaced.empty(), [&](std::string page) {
    for (const auto& each : steps_->replaced) page = each.apply(page);
    return page;
  });
  if (own.remove_repeated_substrings) text = joined_pages(without_repeated_text(pages_of(text)));
  return own.strip_whitespaces ? stripped(text) : text;
}

void DocumentCleaner::run(Run& run) {
  std::vector<Document> documents;
  for (auto& document : run.get(documents_)) {
    run.context().throw_if_stopped("cleaning documents");
    if (!document.content) {
      if (run.log())
        run.log()(
            LogLevel::warning,
            fmt::format("DocumentCleaner only cleans text documents but document.content for document ID {} is None.",
                        document.id));
      documents.push_back(std::move(document));
      continue;
    }
    DocumentFields fields = std::move(document);
    fields.content = cleaned(*fields.content);
    if (count_characters(without_space(*fields.content)) < static_cast<std::size_t>(parameters().min_content_length))
      continue;
    if (!parameters().keep_id) fields.id.clear();
    documents.emplace_back(std::move(fields));
  }
  run.set(cleaned_, std::move(documents));
}

}  // namespace berth
