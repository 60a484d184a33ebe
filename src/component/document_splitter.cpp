#include "berth/document_splitter.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <stdexcept>
#include <utility>

#include "component/document_parts.h"
#include "component/sentence_splitter.h"
#include "text/unicode.h"

namespace berth {
namespace {

/// What ends a unit; nothing for those that no text ends.
constexpr std::array<std::pair<std::string_view, std::string_view>, 8> split_units = {{{"function", ""},
                                                                                       {"page", "\f"},
                                                                                       {"passage", "\n\n"},
                                                                                       {"period", "."},
                                                                                       {"word", " "},
                                                                                       {"line", "\n"},
                                                                                       {"sentence", ""},
                                                                                       {"token", ""}}};

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

void add_overlap(Document& document, const std::string& other, std::int64_t begin, std::int64_t end) {
  Value entry = Value::Object{{"doc_id", other}, {"range", Value::Array{begin, end}}};
  document.meta.find("_split_overlap")->as_array().push_back(std::move(entry));
}

/// Says of each of the two what it shares with the other.
void tell_overlap(const TextPart& before, Document& document_before, const TextPart& part, Document& document) {
  const auto begin = part.start - before.start;
  if (begin >= before.characters) return;
  const auto shared =
      std::string_view(before.text).substr(byte_of_character(before.text, static_cast<std::size_t>(begin)));
  if (!part.text.starts_with(shared)) return;
  add_overlap(document, document_before.id, begin, before.characters);
  add_overlap(document_before, document.id, 0, before.characters - begin);
}

void add_documents(const Document& source, const std::vector<TextPart>& parts, bool overlap,
                   std::vector<Document>& all) {
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

DocumentSplitter::~DocumentSplitter() = default;

bool DocumentSplitter::needs_sentences() const {
  return parameters().split_by == "sentence" || parameters().respect_sentence_boundary;
}

std::optional<std::string> DocumentSplitter::known_problem() const {
  if (parameters().split_by == "function")
    return "DocumentSplitter: the splitting_function names code of Python's, which cannot run here: choose another "
           "split_by";
  if (parameters().split_by == "token")
    return "DocumentSplitter: the tokens of tiktoken are not there yet: choose another split_by";
  if (!needs_sentences() || loaded_sentences()) return std::nullopt;
  return SentenceSplitter::problem_of(parameters().language);
}

std::shared_ptr<const SentenceSplitter> DocumentSplitter::loaded_sentences() const {
  const std::lock_guard lock(mutex_);
  return sentences_;
}

void DocumentSplitter::warm_up(const CallContext& context) {
  const auto& own = parameters();
  if (own.split_by == "function" || own.split_by == "token") throw std::invalid_argument(*known_problem());
  if (!needs_sentences()) return;
  const std::lock_guard lock(mutex_);
  if (sentences_ == nullptr)
    sentences_ = std::make_shared<const SentenceSplitter>(
        SentenceRules{own.language, own.use_split_rules, own.extend_abbreviations}, context);
}

Value::Object DocumentSplitter::init_parameters() const {
  auto parameters = ComponentWith::init_parameters();
  if (parameters.at("splitting_function").is_null()) parameters.erase("splitting_function");
  leave_out_of_haystack_2(parameters, "tokenizer_encoding", DocumentSplitterParameters().tokenizer_encoding);
  return parameters;
}

void DocumentSplitter::run(Run& run) {
  warm_up(run.context());
  const auto& own = parameters();
  const auto sentences = loaded_sentences();
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
    const auto units =
        sentences ? units_of(sentences->split(*document.content)) : units_ending_with(*document.content, end);
    const auto texts = own.respect_sentence_boundary ? parts_by_words(units, own) : parts_by_units(units, own);
    add_documents(document, texts, own.split_overlap > 0, parts);
  }
  run.set(parts_, std::move(parts));
}

}  // namespace berth
