#include "tokenizer/class_settings.h"

#include <algorithm>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "berth/error.h"
#include "text/file.h"
#include "tokenizer/fields.h"
#include "tokenizer/special_tokens.h"
#include "value/lenient_json.h"

namespace berth::tokenizing {
namespace {

using structs::Place;

/// transformers' TOKENIZER_MAPPING for the architectures of encoders, and those whose classes change a tokenizer.json.
constexpr std::pair<std::string_view, std::string_view> classes_by_model[] = {{"bert", "BertTokenizer"},
                                                                              {"distilbert", "DistilBertTokenizer"},
                                                                              {"electra", "ElectraTokenizer"},
                                                                              {"mpnet", "MPNetTokenizer"},
                                                                              {"roberta", "RobertaTokenizer"},
                                                                              {"xlm-roberta", "XLMRobertaTokenizer"},
                                                                              {"camembert", "CamembertTokenizer"},
                                                                              {"deberta", "DebertaTokenizer"},
                                                                              {"deberta-v2", "DebertaV2Tokenizer"},
                                                                              {"bart", "BartTokenizer"},
                                                                              {"led", "LEDTokenizer"},
                                                                              {"longformer", "LongformerTokenizer"},
                                                                              {"llama", "LlamaTokenizer"},
                                                                              {"mistral", "LlamaTokenizer"},
                                                                              {"mixtral", "LlamaTokenizer"},
                                                                              {"gemma", "GemmaTokenizer"},
                                                                              {"gemma2", "GemmaTokenizer"},
                                                                              {"gpt_neox", "GPTNeoXTokenizer"},
                                                                              {"cohere", "CohereTokenizer"}};

/// A class that puts tokens of its own around texts, whatever tokenizer.json says, and its defaults.
struct BorderClass {
  std::string_view name, bos, eos;
  bool adds_bos = true;
};

constexpr BorderClass border_classes[] = {{"LlamaTokenizer", "<s>", "</s>"},
                                          {"CodeLlamaTokenizer", "<s>", "</s>"},
                                          {"GemmaTokenizer", "<bos>", "<eos>"},
                                          {"CohereTokenizer", "<BOS_TOKEN>", "<|END_OF_TURN_TOKEN|>"},
                                          {"GPTNeoXTokenizer", "<|endoftext|>", "<|endoftext|>", false}};

Value read_object(const std::filesystem::path& path, std::string_view expected) {
  if (!std::filesystem::exists(path)) return {};
  try {
    return from_lenient_json(read_file(path, expected));
  } catch (const FormatError& problem) {
    if (!problem.path().empty()) throw;
    throw FormatError(path, problem.offset(), problem.found(), problem.expected());
  }
}

/// Of what config.json says, where it says anything.
std::string class_of_model(const std::filesystem::path& folder) {
  const auto model = read_object(folder / "config.json", "a config.json");
  if (const auto* name = model.find("tokenizer_class"); name != nullptr && name->is_string()) return name->as_string();
  const auto* type = model.find("model_type");
  if (type == nullptr) return {};
  for (const auto& [model_type, name] : classes_by_model)
    if (*type == Value(model_type)) return std::string(name);
  return "PreTrainedTokenizer";  // one that changes no more than each class does
}

bool is_one_of(std::string_view name, std::initializer_list<std::string_view> names) {
  return std::ranges::find(names, name) != names.end();
}

/// Those that make words of vocab.txt.
bool is_of_bert(const Value& config) {
  return is_one_of(class_of(config), {"BertTokenizer", "DistilBertTokenizer", "ElectraTokenizer", "MPNetTokenizer",
                                      "ConvBertTokenizer", "DPRContextEncoderTokenizer", "DPRQuestionEncoderTokenizer",
                                      "DPRReaderTokenizer", "FunnelTokenizer", "LayoutLMTokenizer", "LxmertTokenizer",
                                      "MobileBertTokenizer", "SqueezeBertTokenizer"});
}

/// The TemplateProcessing of a class; null where a token that it adds has no id.
Value template_of_borders(const BorderClass& of, const Value& config, const IdOfToken& id_of) {
  const Place root;
  Value::Object specials;
  Value::Array single;
  Value::Array pair;
  bool is_known = true;
  const auto add = [&](std::string_view name, std::string_view usual, std::int64_t type, Value::Array& pieces) {
    const auto token = special_token(config, name, usual).content;
    const auto id = id_of(token);
    is_known = is_known && id.has_value();
    specials.set(token,
                 Value::Object{{"id", token}, {"ids", Value::Array{id.value_or(0)}}, {"tokens", Value::Array{token}}});
    pieces.push_back(Value::Object{{"SpecialToken", Value::Object{{"id", token}, {"type_id", type}}}});
  };
  const auto add_text = [&](std::string_view text, std::int64_t type, Value::Array& pieces) {
    const bool has_bos = bool_or(config, root, "add_bos_token", of.adds_bos);
    if (has_bos) add("bos_token", of.bos, type, pieces);
    pieces.push_back(Value::Object{{"Sequence", Value::Object{{"id", text}, {"type_id", type}}}});
    if (bool_or(config, root, "add_eos_token", false)) add("eos_token", of.eos, type, pieces);
  };
  add_text("A", 0, single);
  add_text("A", 0, pair);
  add_text("B", 1, pair);
  if (!is_known) return {};
  return Value::Object{
      {"type", "TemplateProcessing"}, {"single", single}, {"pair", pair}, {"special_tokens", specials}};
}

bool is_type(const Value& part, std::string_view type) {
  const auto* found = part.find("type");
  return found != nullptr && *found == Value(type);
}

}  // namespace

std::string class_of(const Value& config) {
  const auto* named = config.find("tokenizer_class");
  auto name = named != nullptr && named->is_string() ? named->as_string() : std::string();
  if (name.ends_with("Fast")) name.resize(name.size() - 4);
  return name;
}

Value read_settings(const std::filesystem::path& folder, const Value::Object& settings) {
  auto config = read_object(folder / "tokenizer_config.json", "a tokenizer_config.json");
  if (!config.is_null() && !config.is_object()) return config;
  const auto set = [&](const std::string& name, const Value& value) {
    if (config.is_null()) config = Value::Object{};
    config.as_object().set(name, value);
  };
  for (const auto& [name, value] : settings) set(name, value);
  const auto* named = config.find("tokenizer_class");
  if (named == nullptr || named->is_null())
    if (const auto of_model = class_of_model(folder); !of_model.empty()) set("tokenizer_class", of_model);
  return with_older_files(std::move(config), read_object(folder / "special_tokens_map.json", "special tokens"),
                          read_object(folder / "added_tokens.json", "added tokens"), settings);
}

bool is_made_of_vocab_txt(const std::filesystem::path& folder, const Value& config) {
  const auto* file = config.find("tokenizer_file");
  return file != nullptr && file->is_null() && is_of_bert(config) && std::filesystem::exists(folder / "vocab.txt");
}

bool gives_token_types(const Value& config) {
  if (const auto* names = config.find("model_input_names"); names != nullptr && names->is_array())
    return std::ranges::find(names->as_array(), Value("token_type_ids")) != names->as_array().end();
  return !is_one_of(
      class_of(config),
      {"BartTokenizer",    "BigBirdTokenizer", "BloomTokenizer",     "CLIPTokenizer",       "CamembertTokenizer",
       "CohereTokenizer",  "CodeGenTokenizer", "CodeLlamaTokenizer", "DistilBertTokenizer", "GPT2Tokenizer",
       "GPTNeoXTokenizer", "GemmaTokenizer",   "LEDTokenizer",       "LlamaTokenizer",      "LongformerTokenizer",
       "MBart50Tokenizer", "MBartTokenizer",   "MPNetTokenizer",     "MT5Tokenizer",        "NllbTokenizer",
       "Qwen2Tokenizer",   "RobertaTokenizer", "T5Tokenizer",        "XLMRobertaTokenizer"});
}

Value normalizer_of_class(Value normalizer, const Value& config) {
  if (!is_type(normalizer, "BertNormalizer") || !is_of_bert(config)) return normalizer;
  const Place root;
  const auto* strips = optional_entry(config, root, "strip_accents");
  auto& settings = normalizer.as_object();
  settings.set("lowercase", bool_or(config, root, "do_lower_case", true));
  settings.set("strip_accents", strips == nullptr ? Value() : *strips);
  if (class_of(config) != "MPNetTokenizer")
    settings.set("handle_chinese_chars", bool_or(config, root, "tokenize_chinese_chars", true));
  return normalizer;
}

Value pre_tokenizer_of_class(Value pre_tokenizer, const Value& config) {
  // A Metaspace of older files has the entry too, which is no setting of the class.
  if (!is_type(pre_tokenizer, "ByteLevel") || !config.is_object()) return pre_tokenizer;
  if (pre_tokenizer.find("add_prefix_space") != nullptr)
    pre_tokenizer.as_object().set("add_prefix_space", bool_or(config, Place(), "add_prefix_space", false));
  return pre_tokenizer;
}

Value post_processor_of_class(Value post_processor, const Value& config, const IdOfToken& id_of) {
  const auto name = class_of(config);
  const auto* borders = std::ranges::find(border_classes, std::string_view(name), &BorderClass::name);
  if (borders != std::end(border_classes)) {
    auto own = template_of_borders(*borders, config, id_of);
    return own.is_null() ? post_processor : own;
  }
  if (!post_processor.is_object() ||
      !is_one_of(name, {"RobertaTokenizer", "BartTokenizer", "LEDTokenizer", "LongformerTokenizer"}))
    return post_processor;
  for (const auto& [entry, otherwise] : {std::pair("add_prefix_space", false), std::pair("trim_offsets", true)})
    if (post_processor.find(entry) != nullptr)
      post_processor.as_object().set(entry, bool_or(config, Place(), entry, otherwise));
  return post_processor;
}

}  // namespace berth::tokenizing
