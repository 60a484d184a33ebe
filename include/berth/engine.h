/// Engines: what loads a model on a device and runs it.
///
///     auto model = engine("llama.cpp").load({.model = "smollm2.gguf", .device = Device::cpu()});
///     auto session = model->new_session();
///     auto result = session->generate({.prompts = {model->apply_chat_template({{"user", "Why is the sky blue?"}})}});
///     std::cout << result.completions[0].text;
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "berth/chat_message.h"
#include "berth/device.h"
#include "berth/inventory.h"
#include "berth/log.h"
#include "berth/streaming.h"

namespace berth {

/// A text for a model. Special tokens ("<|im_end|>") are recognised in trusted pieces only, so that what a user types
/// cannot pose as another role.
struct Prompt {
  struct Piece {
    std::string text;  ///< UTF-8
    bool trusted = true;
  };
  std::vector<Piece> pieces;

  Prompt(std::string text) : pieces{{std::move(text), true}} {}  ///< one trusted piece
  Prompt(const char* text) : Prompt(std::string(text)) {}
  explicit Prompt(std::vector<Piece> parts) : pieces(std::move(parts)) {}

  std::string text() const;  ///< all pieces together
};

/// How to continue a prompt. Names and defaults are those of transformers' GenerationConfig; the order is theirs too:
/// repetition penalty, temperature, top_k, top_p, min_p.
struct GenerationOptions {
  static constexpr int max_return_sequences = 64;

  int max_new_tokens = 512;                ///< > 0
  bool do_sample = false;                  ///< false: always the likeliest token
  double temperature = 1.0;                ///< > 0
  int top_k = 50;                          ///< 0 turns it off
  double top_p = 1.0;                      ///< in (0, 1]
  double min_p = 0.0;                      ///< in [0, 1]
  double repetition_penalty = 1.0;         ///< > 0; over the prompt and what was generated
  std::optional<std::uint32_t> seed = {};  ///< none: a new one for each call; Completion::seed tells it
  int num_return_sequences = 1;  ///< samples for each prompt, 1 to max_return_sequences; more than 1 needs do_sample
  std::vector<std::string> stop_words = {};  ///< each one ends the text and is not part of it

  /// Throws std::invalid_argument naming the option, what it is and what it may be.
  void validate() const;
};

enum class FinishReason { end_of_text, stop_word, length, cancelled };
std::string_view to_string(FinishReason reason);  ///< "end_of_text", ...

/// One continuation of one prompt.
struct Completion {
  std::string text;  ///< UTF-8
  std::size_t prompt_tokens = 0;
  std::size_t generated_tokens = 0;  ///< with the token that ended it
  FinishReason finish_reason = FinishReason::length;
  std::uint32_t seed = 0;  ///< gives the same samples again; 0 without sampling
};

struct GenerationRequest {
  std::vector<Prompt> prompts;  ///< computed together in one batch
  GenerationOptions options = {};
  std::function<void(const StreamingChunk&)> on_chunk = {};  ///< on the calling thread
  std::stop_token stop = {};                                 ///< ends the generation with what there is, `cancelled`
};

struct GenerationResult {
  /// prompts x num_return_sequences, the samples of a prompt side by side.
  std::vector<Completion> completions;
  double first_token_ms = 0;     ///< from the call to the first token, waiting for other calls left out
  double generation_ms = 0;      ///< from the first token to the last
  double tokens_per_second = 0;  ///< over generation_ms and all completions; 0 where there was one token each
};

struct SessionOptions {
  int n_ctx = 0;      ///< tokens of context; 0: as many as each request needs, at most what the model was trained for
  int n_threads = 0;  ///< 0: the cores that this process may use
  /// Keeps the computed context of the last single prompt and goes on from the part that the next one shares.
  /// Quicker in a conversation; the last digits of the numbers may differ from a computation from the start.
  bool reuse_prefix = false;
};

/// A context on a loaded model: the state of generations that run one after the other.
/// Safe to use from several threads: calls queue.
class Session {
 public:
  virtual ~Session() = default;

  /// Throws std::invalid_argument for options out of range and a prompt that is empty or longer than the context,
  /// EngineError where the engine fails. The session can be used again after each of these.
  virtual GenerationResult generate(const GenerationRequest& request) = 0;
};

/// What is known of a loaded model.
struct LoadedModelInfo {
  std::filesystem::path path;
  std::string description;   ///< "llama 135M Q4_1"
  std::string architecture;  ///< "llama"
  Device device = Device::cpu();
  std::uint64_t weight_bytes = 0;
  std::uint64_t parameters = 0;
  int context_length = 0;  ///< tokens that the model was trained for
  bool has_chat_template = false;
  double load_ms = 0;
};

/// How a conversation is written for a model.
struct ChatTemplateOptions {
  std::optional<std::string> chat_template = {};  ///< a Jinja template instead of the model's own
  /// More variables for the template, such as `tools` and `enable_thinking`; texts in them are not trusted.
  Value::Object variables = {};
};

/// Weights on a device. Sessions share them and keep them alive. Safe to use from several threads.
class LoadedModel {
 public:
  virtual ~LoadedModel() = default;

  virtual const LoadedModelInfo& info() const = 0;

  /// The conversation in the model's own format, ready for its answer: its Jinja template, run with `messages`,
  /// `bos_token`, `eos_token`, `add_generation_prompt` and those of `options`. Contents of messages are not trusted (see
  /// Prompt).
  /// Throws EngineError where the model has no template or the template refuses the messages, std::invalid_argument for an
  /// image or a file in them.
  virtual Prompt apply_chat_template(const std::vector<ChatMessage>& messages,
                                     const ChatTemplateOptions& options = {}) const = 0;

  /// How many tokens `prompt` is, as generate() counts them.
  virtual std::size_t count_tokens(const Prompt& prompt) const = 0;

  virtual std::unique_ptr<Session> new_session(const SessionOptions& options = {}) const = 0;
};

struct LoadRequest {
  std::filesystem::path model;               ///< a GGUF file
  ComponentDevice device;                    ///< one device, or a map whose entries all name the same one
  std::function<bool(float)> progress = {};  ///< the part done, 0 to 1; answering false cancels
  std::stop_token stop = {};
  LogCallback log = {};  ///< the engine's warnings
};

/// What an engine measured of one device.
struct Measurement {
  DeviceSpeed speed;
  std::optional<Link> link = {};  ///< from the CPU, where the device is another one
};

/// A way to run models. Stateless; safe to use from several threads.
class Engine {
 public:
  virtual ~Engine() = default;

  virtual std::string_view name() const = 0;  ///< "llama.cpp"
  virtual std::string version() const = 0;

  /// The devices that this engine can use on this machine, the CPU among them, each with its name there in `engines`.
  virtual std::vector<DeviceInfo> devices() const = 0;

  /// Computes on `device`, one of devices(), for about so long (see berth/measure.h). Throws EngineError.
  virtual Measurement measure(const Device& device, std::chrono::milliseconds budget) const = 0;

  /// Throws ModelNotFound, FormatError (a file that is no model or is damaged), EngineError (a device that is not
  /// there, an architecture that is not known, too little memory) and Cancelled.
  virtual std::shared_ptr<const LoadedModel> load(const LoadRequest& request) const = 0;
};

/// The engines that this build has, best first.
std::span<const Engine* const> engines();

/// The engine of that name. Throws std::invalid_argument naming those that this build has.
const Engine& engine(std::string_view name);

}  // namespace berth
