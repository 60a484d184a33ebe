#include "berth/document_splitter.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <stdexcept>
#include <utility>

#include "text/unicode.h"

namespace berth {
namespace {

constexpr std::size_t most_part_bytes = std::size_t{1} << 30U;

/// What ends a unit; nothing for those that no text ends.
constexpr std::array<std::pair<std::string_view, std::string_view>, 7> split_units = {{{"function", ""},
                                                                                       {"page", "\f"},
                                                                                       {"passage", "\n\n"},
                                                                                       {"period", "."},
                                                                                       {"word", " "},
                                                                                       {"line", "\n"},
                                                                                       {"sentence", ""}}};

DocumentSplitterParameters checked(DocumentSplitterParameters given) {
  if (std::ranges::find(split_units, given.split_by, [](const auto& unit) { return unit.first; }) == split_units.end())
    throw std::invalid_argument("split_by must be one of function, page, passage, period, word, line, sentence.");
  if (given.splitting_function.value_or("").empty()) given.splitting_function.reset();
  if (given.split_by == "function" && !given.splitting_function)
    throw std::invalid_argument("When 'split_by' is set to 'function', a valid 'splitting_function' must be provided.");
  if (given.split_length <= 0) throw std::invalid_argument("split_length must be greater than 0.");
  if (given.split_overlap < 0) throw std::invalid_argument("split_overlap must be greater than or equal to 0.");
  if (given.split_overlap >= given.split_length)
    throw std::invalid_argument("split_overlap must be less than split_length.");
  if (given.split_by != "word") given.respect_sentence_boundary = false;
  return given;
}

/// One unit of a text, with what ends it.
struct Unit {
  std::string_view text;
  std::int64_t characters;
  std::int64_t page_breaks;
};

std::vector<Unit> units_of(std::string_view text, std::string_view end, bool pages) {
  std::vector<Unit> all;
  for (std::size_t start = 0;;) {
    const auto found = text.find(end, start);
    const auto part = text.substr(start, found == text.npos ? text.npos : found + end.size() - start);
    all.push_back(
        {part, static_cast<std::int64_t>(count_characters(part)), pages ? 1 : std::ranges::count(part, '\f')});
    if (found == text.npos) return all;
    start = found + end.size();
  }
}

struct Part {
  std::string text;
  std::int64_t page;
  std::int64_t start;  // in characters
  std::int64_t characters;
};

/// The parts of a document: windows of split_length units, split_length - split_overlap units apart.
class Windows {
 public:
  explicit Windows(const DocumentSplitterParameters& rules) : rules_(rules) {}

  std::vector<Part> of(std::string_view text, std::string_view end) {
    const auto all = units_of(text, end, rules_.split_by == "page");
    const auto count = static_cast<std::int64_t>(all.size());
    const auto step = rules_.split_length - rules_.split_overlap;
    std::int64_t page = 1;
    std::int64_t start = 0;
    for (std::int64_t first = 0;; first += step) {
      const auto size = std::min(rules_.split_length, count - first);
      const auto from = all.begin() + first;
      add(from, from + size, page, start);
      for (auto unit = from; unit != from + std::min(step, size); ++unit) {
        start += unit->characters;
        page += unit->page_breaks;
      }
      if (rules_.split_length >= count - first) return std::move(parts_);  // what comes next would hold nothing new
    }
  }

 private:
  using Iterator = std::vector<Unit>::const_iterator;

  void add(Iterator from, Iterator to, std::int64_t page, std::int64_t start) {
    const auto length = static_cast<std::size_t>((to - 1)->text.data() + (to - 1)->text.size() - from->text.data());
    bytes_ += length;
    if (bytes_ > most_part_bytes)
      throw std::invalid_argument(fmt::format(
          "DocumentSplitter: a document is split into parts of more than {} MiB in all, because they overlap by {} of "
          "{} units: choose a smaller split_overlap",
          most_part_bytes >> 20U, rules_.split_overlap, rules_.split_length));
    const std::string_view text(from->text.data(), length);
    std::int64_t characters = 0;
    for (auto unit = from; unit != to; ++unit) characters += unit->characters;
    if (to - from < rules_.split_threshold && !parts_.empty()) {
      parts_.back().text += text;
      parts_.back().characters += characters;
    } else if (!rules_.skip_empty_documents || !text.empty()) {
      parts_.push_back({std::string(text), page, start, characters});
    }
  }

  const DocumentSplitterParameters& rules_;
  std::vector<Part> parts_;
  std::size_t bytes_ = 0;
};

void add_overlap(Document& document, const std::string& other, std::int64_t begin, std::int64_t end) {
  Value entry = Value::Object{{"doc_id", other}, {"range", Value::Array{begin, end}}};
  document.meta.find("_split_overlap")->as_array().push_back(std::move(entry));
}

/// Says of each of the two what it shares with the other.
void tell_overlap(const Part& before, Document& document_before, const Part& part, Document& document) {
  const auto begin = part.start - before.start;
  if (begin >= before.characters) return;
  const auto shared =
      std::string_view(before.text).substr(byte_of_character(before.text, static_cast<std::size_t>(begin)));
  if (!part.text.starts_with(shared)) return;
  add_overlap(document, document_before.id, begin, before.characters);
  add_overlap(document_before, document.id, 0, before.characters - begin);
}

void add_documents(const Document& source, const std::vector<Part>& parts, bool overlap, std::vector<Document>& all) {
  for (std::size_t i = 0; i < parts.size(); ++i) {
    auto meta = source.meta;
    meta.set("source_id", source.id);
    meta.set("page_number", parts[i].page);
    meta.set("split_id", i);
    meta.set("split_idx_start", parts[i].start);
    all.push_back(Document({.content = parts[i].text, .meta = std::move(meta)}));
    if (!overlap) continue;
    all.back().meta.set("_split_overlap", Value::Array());
    if (i > 0) tell_overlap(parts[i - 1], all[all.size() - 2], parts[i], all.back());
  }
}

}  // namespace

DocumentSplitter::DocumentSplitter(Parameters given) : ComponentWith(type_name, checked(std::move(given))) {}

std::optional<std::string> DocumentSplitter::known_problem() const {
  const auto& own = parameters();
  if (own.split_by == "function")
    return "DocumentSplitter: the splitting_function names code of Python's, which cannot run here: choose another "
           "split_by";
  if (own.split_by == "sentence" || own.respect_sentence_boundary)
    return "DocumentSplitter cannot split by sentences yet: choose split_by 'period' or 'passage', or 'word' without "
           "respect_sentence_boundary";
  return std::nullopt;
}

void DocumentSplitter::warm_up(const CallContext&) {
  if (const auto problem = known_problem()) throw std::invalid_argument(*problem);
}

Value::Object DocumentSplitter::init_parameters() const {
  auto parameters = ComponentWith::init_parameters();
  if (parameters.at("splitting_function").is_null()) parameters.erase("splitting_function");
  return parameters;
}

void DocumentSplitter::run(Run& run) {
  warm_up();
  const auto& own = parameters();
  const auto end = std::ranges::find(split_units, own.split_by, [](const auto& unit) { return unit.first; })->second;
  std::vector<Document> parts;
  for (const auto& document : run.get(documents_)) {
    run.context().throw_if_stopped("splitting documents");
    if (!document.content)
      throw std::invalid_argument(fmt::format(
          "DocumentSplitter only works with text documents but content for document ID {} is None.", document.id));
    if (document.content->empty() && own.skip_empty_documents) {
      if (run.log())
        run.log()(LogLevel::warning,
                  fmt::format("Document ID {} has an empty content. Skipping this document.", document.id));
      continue;
    }
    add_documents(document, Windows(own).of(*document.content, end), own.split_overlap > 0, parts);
  }
  run.set(parts_, std::move(parts));
}

}  // namespace berth
