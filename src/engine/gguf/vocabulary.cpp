#include "engine/gguf/vocabulary.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <system_error>
#include <unordered_map>
#include <vector>

#include "berth/error.h"
#include "berth/tokenizer.h"
#include "engine/gguf/pre_tokenizer.h"
#include "model/named_file.h"
#include "system/base64.h"
#include "text/file.h"
#include "text/printable.h"

namespace berth::gguf {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t most_bytes = 200'000'000;
constexpr std::size_t most_tokens = 4'000'000;
constexpr std::size_t most_ends = 20;

/// llama_token_type.
enum TokenType : std::int32_t { normal = 1, unknown = 2, control = 3, user_defined = 4, unused = 5, byte = 6 };

/// Reads one tokenizer. The structure of the files was checked by Tokenizer::load() before.
class VocabularyWriter {
 public:
  VocabularyWriter(const fs::path& folder, std::size_t size, Keys& keys)
      : folder_(folder),
        path_(folder / "tokenizer.json"),
        keys_(keys),
        tokens_(size),
        types_(size, unused),
        json_(model::read_json(path_, most_bytes)),
        config_(read_beside("tokenizer_config.json")),
        tokenizer_(Tokenizer::load(folder)) {}

  /// Whether spaces behind special tokens are left out, as llama.cpp does it for Phi-3 alone; it needs these tokens there.
  bool strips_as_phi3() const {
    const auto* added = json_.find("added_tokens");
    if (added == nullptr || !added->is_array()) return false;
    constexpr std::array needed = {"</s>", "<s>", "<unk>", "<|endoftext|>"};
    return std::ranges::any_of(added->as_array(), [](const Value& token) { return flag_of(token, "rstrip"); }) &&
           std::ranges::all_of(needed, [&](const char* token) { return tokenizer_.id(token).has_value(); });
  }

  void write() {
    const Value& model = *need(json_, "model");
    const auto kind = text_of(model, "type");
    if (kind == "BPE" || (kind.empty() && model.find("merges") != nullptr)) {
      add_table(*need(model, "vocab"));
      add_added_tokens();
      flag_of(model, "byte_fallback") ? write_pieces(model) : write_bytes(model);
    } else if (kind == "Unigram") {
      write_unigram(model);
    } else {
      fail("the model " + in_quotes(kind), "BPE or Unigram");
    }
    finish();
  }

 private:
  [[noreturn]] void fail(const std::string& found, const std::string& expected) const {
    throw FormatError(path_, found,
                      expected +
                          ": the tokenizers that llama.cpp has. Convert others with its "
                          "convert_hf_to_gguf.py");
  }

  const Value* need(const Value& object, std::string_view name) const {
    const auto* found = object.is_object() ? object.find(name) : nullptr;
    if (found == nullptr) fail(fmt::format("no {}", in_quotes(name)), "a tokenizer.json");
    return found;
  }

  Value read_beside(const char* name) const {
    std::error_code none;
    return fs::exists(folder_ / name, none) ? model::read_json(folder_ / name, most_bytes) : Value(Value::Object());
  }

  static std::string text_of(const Value& object, std::string_view name) {
    const auto* found = object.is_object() ? object.find(name) : nullptr;
    return found != nullptr && found->is_string() ? found->as_string() : std::string();
  }

  static bool flag_of(const Value& object, std::string_view name) {
    const auto* found = object.is_object() ? object.find(name) : nullptr;
    return found != nullptr && *found == Value(true);
  }

  void add(const std::string& token, std::int64_t id, TokenType type) {
    if (id < 0 || std::cmp_greater_equal(id, tokens_.size()))
      fail(fmt::format("token {} with the id {}", in_quotes(token), id),
           fmt::format("ids below {}, the rows of the embeddings", tokens_.size()));
    tokens_[static_cast<std::size_t>(id)] = token;
    types_[static_cast<std::size_t>(id)] = type;
  }

  void add_table(const Value& vocabulary) {
    if (!vocabulary.is_object()) fail("a vocabulary that is no object", "tokens with their ids");
    for (const auto& [token, id] : vocabulary.as_object()) add(token, id.is_int() ? id.as_int() : -1, normal);
  }

  void add_added_tokens() {
    const auto* added = json_.find("added_tokens");
    if (added == nullptr || !added->is_array()) return;
    for (const auto& token : added->as_array()) {
      const auto* id = token.is_object() ? token.find("id") : nullptr;
      add(text_of(token, "content"), id != nullptr && id->is_int() ? id->as_int() : -1,
          flag_of(token, "special") ? control : user_defined);
    }
  }

  /// "a b", as GGUF and older files have them; newer ones have ["a", "b"].
  std::vector<std::string> merges_of(const Value& model) const {
    const auto* list = need(model, "merges");
    if (!list->is_array()) fail("merges that are no list", "pairs of tokens");
    std::vector<std::string> merges;
    for (const auto& merge : list->as_array()) {
      if (merge.is_string()) {
        merges.push_back(merge.as_string());
      } else if (merge.is_array() && merge.as_array().size() == 2 && merge.as_array()[0].is_string() &&
                 merge.as_array()[1].is_string()) {
        merges.push_back(merge.as_array()[0].as_string() + ' ' + merge.as_array()[1].as_string());
      } else {
        fail("a merge that is no pair", "pairs of tokens");
      }
    }
    return merges;
  }

  /// BPE over bytes, as GPT-2 began it.
  void write_bytes(const Value& model) {
    const auto name = pre_tokenizer_name(json_);
    if (name.empty())
      fail("words that are cut in a way that is not known",
           "words as GPT-2, Llama 3, Qwen 2, SmolLM, "
           "Mistral or GPT-4o cut them");
    keys_.text("tokenizer.ggml.model", "gpt2");
    keys_.text("tokenizer.ggml.pre", name);
    keys_.texts("tokenizer.ggml.merges", merges_of(model));
  }

  /// BPE over characters, as SentencePiece has it: the piece that was merged first is the best one.
  void write_pieces(const Value& model) {
    std::unordered_map<std::string, float> scores;
    const auto merges = merges_of(model);
    for (std::size_t i = 0; i < merges.size(); ++i) {
      auto piece = merges[i];
      if (const auto space = piece.find(' '); space != std::string::npos) piece.erase(space, 1);
      scores.emplace(std::move(piece), -static_cast<float>(i));
    }
    std::vector<float> list;
    for (const auto& token : tokens_) {
      const auto found = scores.find(token);
      list.push_back(found == scores.end() ? -static_cast<float>(merges.size()) : found->second);
    }
    mark_bytes_and_unknown(text_of(model, "unk_token"));
    // Runs of spaces, which Gemma adds to its vocabulary: as pieces they are read and written as such.
    for (std::size_t i = 0; i < tokens_.size(); ++i)
      if (types_[i] == user_defined && tokens_[i].starts_with("▁")) types_[i] = normal;
    keys_.text("tokenizer.ggml.model", "llama");
    keys_.text("tokenizer.ggml.pre", "default");
    keys_.numbers("tokenizer.ggml.scores", list);
    keys_.flag("tokenizer.ggml.add_space_prefix", puts_space_first());
  }

  void write_unigram(const Value& model) {
    const auto* list = need(model, "vocab");
    std::vector<float> scores(tokens_.size(), 0);
    if (!list->is_array()) fail("a vocabulary that is no list", "tokens with their scores");
    std::int64_t id = 0;
    for (const auto& entry : list->as_array()) {
      if (!entry.is_array() || entry.as_array().size() != 2 || !entry.as_array()[0].is_string() ||
          !entry.as_array()[1].is_number())
        fail(fmt::format("the token {} that is no pair", id), "tokens with their scores");
      add(entry.as_array()[0].as_string(), id, normal);
      scores[static_cast<std::size_t>(id++)] = static_cast<float>(entry.as_array()[1].as_double());
    }
    add_added_tokens();
    const auto* unknown_id = model.find("unk_id");
    const bool known = unknown_id != nullptr && unknown_id->is_int() && unknown_id->as_int() >= 0 &&
                       std::cmp_less(unknown_id->as_int(), tokens_.size());
    mark_bytes_and_unknown(known ? tokens_[static_cast<std::size_t>(unknown_id->as_int())] : std::string());
    keys_.text("tokenizer.ggml.model", "t5");
    keys_.text("tokenizer.ggml.pre", "default");
    keys_.numbers("tokenizer.ggml.scores", scores);
    keys_.flag("tokenizer.ggml.add_space_prefix", puts_space_first());
    keys_.flag("tokenizer.ggml.remove_extra_whitespaces", leaves_out_spaces());
    if (const auto map = character_map(); !map.empty()) keys_.bytes("tokenizer.ggml.precompiled_charsmap", map);
  }

  void mark_bytes_and_unknown(const std::string& unknown_token) {
    for (std::size_t i = 0; i < tokens_.size(); ++i) {
      const auto& token = tokens_[i];
      if (token.size() == 6 && token.starts_with("<0x") && token.back() == '>') types_[i] = byte;
      if (!token.empty() && token == unknown_token) types_[i] = unknown;
    }
  }

  /// Each part of a "Sequence", or the part itself.
  template <class Use>
  void each_part(std::string_view name, std::string_view list_name, Use use) const {
    const auto* part = json_.find(name);
    if (part == nullptr || !part->is_object()) return;
    const auto* list = part->find(list_name);
    if (list == nullptr || !list->is_array()) return use(*part);
    for (const auto& each : list->as_array()) use(each);
  }

  bool puts_space_first() const {
    bool found = false;
    each_part("normalizer", "normalizers", [&](const Value& part) { found |= text_of(part, "type") == "Prepend"; });
    each_part("pre_tokenizer", "pretokenizers", [&](const Value& part) {
      if (text_of(part, "type") != "Metaspace") return;
      const auto scheme = text_of(part, "prepend_scheme");
      found |= scheme.empty() ? flag_of(part, "add_prefix_space") : scheme != "never";
    });
    return found;
  }

  bool leaves_out_spaces() const {
    bool found = false;
    each_part("pre_tokenizer", "pretokenizers",
              [&](const Value& part) { found |= text_of(part, "type") == "WhitespaceSplit"; });
    each_part("normalizer", "normalizers", [&](const Value& part) {
      const auto* pattern = part.is_object() ? part.find("pattern") : nullptr;
      found |= pattern != nullptr && text_of(*pattern, "Regex") == " {2,}";
    });
    return found;
  }

  std::string character_map() const {
    std::string map;
    each_part("normalizer", "normalizers", [&](const Value& part) {
      if (text_of(part, "type") == "Precompiled")
        map = decode_base64(text_of(part, "precompiled_charsmap")).value_or(std::string());
    });
    return map;
  }

  std::optional<std::int32_t> special(std::string_view name) const {
    const auto* entry = config_.is_object() ? config_.find(name) : nullptr;
    if (entry == nullptr) return std::nullopt;
    return tokenizer_.id(entry->is_string() ? entry->as_string() : text_of(*entry, "content"));
  }

  /// Where generation ends: of generation_config.json, else of config.json, else of the tokenizer.
  std::vector<std::int32_t> ends() const {
    for (const auto* file : {"generation_config.json", "config.json"}) {
      const auto values = read_beside(file);
      const auto* entry = values.is_object() ? values.find("eos_token_id") : nullptr;
      if (entry == nullptr) continue;
      std::vector<std::int32_t> ids;
      for (const auto& id : entry->is_array() ? entry->as_array() : Value::Array{*entry})
        if (id.is_int() && id.as_int() >= 0 && std::cmp_less(id.as_int(), tokens_.size()))
          ids.push_back(static_cast<std::int32_t>(id.as_int()));
      if (!ids.empty()) return ids;
    }
    const auto end = special("eos_token");
    return end ? std::vector{*end} : std::vector<std::int32_t>();
  }

  /// What is added around each text must be the begin before it, or the end after it.
  void write_added_around() {
    const auto plain = tokenizer_.encode("a", {.add_special_tokens = false}).ids;
    const auto full = tokenizer_.encode("a").ids;
    const auto found = std::search(full.begin(), full.end(), plain.begin(), plain.end());
    const auto before = static_cast<std::size_t>(found - full.begin());
    const auto after = full.size() - std::min(full.size(), before + plain.size());
    if (found == full.end() || plain.empty() || before > 1 || after > 1)
      fail("several tokens around each text", "one before it and one after it at most");
    const auto begin = before > 0 ? std::optional(full.front()) : special("bos_token");
    auto all = ends();
    if (after > 0) {
      std::erase(all, full.back());
      all.insert(all.begin(), full.back());
    }
    if (begin) keys_.count("tokenizer.ggml.bos_token_id", *begin);
    if (!all.empty()) keys_.count("tokenizer.ggml.eos_token_id", all[0]);
    if (all.size() > 1) keys_.count("tokenizer.ggml.eot_token_id", all[1]);
    all.resize(std::min(all.size(), most_ends));
    if (!all.empty()) keys_.text(end_tokens_key, fmt::format("{}", fmt::join(all, ",")));
    keys_.flag("tokenizer.ggml.add_bos_token", before > 0);
    keys_.flag("tokenizer.ggml.add_eos_token", after > 0);
  }

  std::string chat_template() const {
    std::error_code none;
    if (fs::exists(folder_ / "chat_template.jinja", none))
      return read_text_file(folder_ / "chat_template.jinja", most_bytes);
    const auto* entry = config_.is_object() ? config_.find("chat_template") : nullptr;
    if (entry == nullptr) return {};
    if (entry->is_string()) return entry->as_string();
    if (entry->is_array())
      for (const auto& each : entry->as_array())
        if (text_of(each, "name") == "default") return text_of(each, "template");
    return {};
  }

  void finish() {
    std::unordered_map<std::string_view, std::size_t> seen;
    for (std::size_t i = 0; i < tokens_.size(); ++i) {
      if (types_[i] == unused) tokens_[i] = fmt::format("[PAD{}]", i);
      if (!seen.emplace(tokens_[i], i).second) fail("token " + in_quotes(tokens_[i]) + " twice", "each token once");
    }
    keys_.texts("tokenizer.ggml.tokens", tokens_);
    keys_.counts("tokenizer.ggml.token_type", types_);
    write_added_around();
    if (const auto id = special("unk_token")) keys_.count("tokenizer.ggml.unknown_token_id", *id);
    if (const auto id = special("pad_token")) keys_.count("tokenizer.ggml.padding_token_id", *id);
    if (const auto text = chat_template(); !text.empty()) keys_.text("tokenizer.chat_template", text);
  }

  fs::path folder_;
  fs::path path_;
  Keys& keys_;
  std::vector<std::string> tokens_;
  std::vector<std::int32_t> types_;
  Value json_;
  Value config_;
  Tokenizer tokenizer_;
};

}  // namespace

bool set_vocabulary(const fs::path& folder, std::size_t size, Keys& keys) {
  if (size == 0 || size > most_tokens)
    throw FormatError(folder / "config.json", fmt::format("embeddings of {} tokens", size),
                      fmt::format("1 to {}", most_tokens));
  VocabularyWriter writer(folder, size, keys);
  writer.write();
  return writer.strips_as_phi3();
}

}  // namespace berth::gguf
