/// Engines: what loads a model on a device and runs it.
///
///     auto where = resolve_here(Wish::from_str("gpu"));
///     auto model = engine("llama.cpp").load({.model = "smollm2.gguf", .device = where.device, .keys = where.keys});
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
#include "berth/context_spec.h"
#include "berth/device.h"
#include "berth/device_key.h"
#include "berth/inventory.h"
#include "berth/log.h"
#include "berth/memory.h"
#include "berth/model.h"
#include "berth/ordered_map.h"
#include "berth/placement.h"
#include "berth/plan.h"
#include "berth/streaming.h"
#include "berth/value.h"

namespace berth {

/// A text for a model. Special tokens ("<|im_end|>") are recognised in trusted pieces only, so that what a user types
/// cannot pose as another role.
struct Prompt {
  struct Piece {
    std::string text = {};  ///< UTF-8
    bool trusted = true;

    bool operator==(const Piece&) const = default;
  };
  std::vector<Piece> pieces = {};

  Prompt() = default;
  Prompt(std::string text) : pieces{{std::move(text), true}} {}  ///< one trusted piece
  Prompt(const char* text) : Prompt(std::string(text)) {}
  explicit Prompt(std::vector<Piece> parts) : pieces(std::move(parts)) {}

  std::string text() const;  ///< all pieces together

  bool operator==(const Prompt&) const = default;
};

/// When a beam search ends that has `num_beams` complete texts, as `early_stopping` of transformers says it.
enum class EarlyStopping {
  off,   ///< when the best beam, were it complete, would be no better than the worst of them
  on,    ///< at once
  never  ///< when no beam can become better than the worst of them, however long it gets
};
std::string_view to_string(EarlyStopping early_stopping);  ///< "off", "on", "never"

/// How to continue a prompt. Names and defaults are those of transformers' GenerationConfig; the order is theirs too:
/// repetition penalty, temperature, top_k, top_p, min_p.
struct GenerationOptions {
  static constexpr int max_return_sequences = 64;
  static constexpr int max_beams = max_return_sequences;

  int max_new_tokens = 512;                ///< > 0
  bool do_sample = false;                  ///< false: always the likeliest token
  double temperature = 1.0;                ///< > 0
  int top_k = 50;                          ///< 0 turns it off
  double top_p = 1.0;                      ///< in (0, 1]
  double min_p = 0.0;                      ///< in [0, 1]
  double repetition_penalty = 1.0;         ///< > 0; over the prompt and what was generated
  std::optional<std::uint32_t> seed = {};  ///< none: a new one for each call; Completion::seed tells it
  /// Completions of each prompt, 1 to max_return_sequences; more than 1 are samples (do_sample), or the best of its beams.
  int num_return_sequences = 1;
  std::vector<std::string> stop_words = {};  ///< each one ends the text and is not part of it
  /// Texts of a prompt that are followed at the same time, 1 to max_beams; each takes a sequence of the context. More than 1
  /// is a beam search, which goes without do_sample: the likeliest texts instead of the likeliest next token.
  int num_beams = 1;
  double length_penalty = 1.0;  ///< of beams: a text's log probability is divided by its tokens to the power of this
  EarlyStopping early_stopping = EarlyStopping::off;  ///< of beams

  /// Throws std::invalid_argument naming the option, what it is and what it may be.
  void validate() const;

  bool operator==(const GenerationOptions&) const = default;
};

enum class FinishReason { end_of_text, stop_word, length, cancelled };
std::string_view to_string(FinishReason reason);  ///< "end_of_text", ...

/// One continuation of one prompt.
struct Completion {
  std::string text = {};  ///< UTF-8
  std::size_t prompt_tokens = 0;
  std::size_t generated_tokens = 0;  ///< with the token that ended it
  FinishReason finish_reason = FinishReason::length;
  std::uint32_t seed = 0;  ///< gives the same samples again; 0 without sampling

  bool operator==(const Completion&) const = default;
};

/// What is to be generated, as data: read from JSON, it gives the same answer.
struct GenerationRequest {
  std::vector<Prompt> prompts = {};  ///< computed together in one batch
  GenerationOptions options = {};
  /// Tokens that the completions begin with, as on_token() told them of a call that was cut: the first list for the first
  /// completion, and so on. They are computed with the prompts, count as generated, and are told and streamed again; what
  /// is sampled goes on as it would have with the same seed. Not for beams, of which nothing is told before all are complete.
  std::vector<std::vector<std::int32_t>> begun = {};

  /// Throws std::invalid_argument for a text that is not UTF-8.
  Value to_dict() const;
  /// Throws std::invalid_argument saying where what is wrong; options out of their range are refused by generate().
  static GenerationRequest from_dict(const Value& dict);

  bool operator==(const GenerationRequest&) const = default;
};

/// What a caller gives beside the request, as it is no data.
struct GenerationContext {
  /// On the calling thread. Of a beam search, when it is over.
  std::function<void(const StreamingChunk&)> on_chunk = {};
  std::stop_token stop = {};  ///< ends the generation with what there is, `cancelled`
  /// Each token of the completion `index`, before the chunk whose text it ends; on the calling thread.
  std::function<void(std::size_t index, std::int32_t token)> on_token = {};
  LogCallback log = {};  ///< told of a device or an engine that was lost meanwhile, and where the generation goes on
};

struct GenerationResult {
  /// prompts x num_return_sequences, those of a prompt side by side; of a beam search the best first.
  std::vector<Completion> completions = {};
  double first_token_ms = 0;     ///< from the call to the first token, waiting for other calls left out
  double generation_ms = 0;      ///< from the first token to the last
  double tokens_per_second = 0;  ///< over generation_ms and all completions; 0 where there was one token each
  /// What was lost while it was made, and where it went on: "rpc:0 was lost (...); going on on cpu".
  std::vector<std::string> recoveries = {};

  /// Throws std::invalid_argument for a text that is not UTF-8.
  Value to_dict() const;
  /// Throws std::invalid_argument saying where what is wrong.
  static GenerationResult from_dict(const Value& dict);

  bool operator==(const GenerationResult&) const = default;
};

struct SessionOptions {
  /// Tokens of context to begin with; 0: as many as the first request needs. A session grows as requests need it, up to
  /// what the model was loaded with (LoadRequest::context).
  int n_ctx = 0;
  int n_threads = 0;  ///< 0: the cores that this process may use
  /// Keeps the computed context of the last single prompt and goes on from the part that the next one shares.
  /// Quicker in a conversation; the last digits of the numbers may differ from a computation from the start.
  bool reuse_prefix = false;
  /// Takes all memory that the session may ever need when it is made, which fails where that is not there.
  bool reserve = false;

  Value to_dict() const;
  /// Throws std::invalid_argument saying where what is wrong.
  static SessionOptions from_dict(const Value& dict);

  bool operator==(const SessionOptions&) const = default;
};

/// A context on a loaded model: the state of generations that run one after the other.
/// Safe to use from several threads: calls queue.
class Session {
 public:
  virtual ~Session() = default;

  /// Throws std::invalid_argument for options out of range and for a prompt that is empty or longer than the context of
  /// the model, with what it needs; EngineError where the engine fails, EngineLost where it ended and nothing else can go
  /// on. The session can be used again after each of these.
  virtual GenerationResult generate(const GenerationRequest& request, const GenerationContext& context = {}) = 0;
};

/// What is known of a loaded model.
struct LoadedModelInfo {
  std::filesystem::path path;
  std::string description;              ///< "llama 135M Q4_1"
  std::string architecture;             ///< "llama"
  Placement placement = {};             ///< as the engine has it; it should be the one that was asked for
  std::vector<Device> devices = {};     ///< that have layers or the output, in that order
  OrderedMap<DeviceKey> keys = {};      ///< which piece of hardware each device of the placement is
  std::vector<std::string> notes = {};  ///< what lies or is computed elsewhere than it was asked to, with both devices
  std::uint64_t weight_bytes = 0;
  std::uint64_t parameters = 0;
  int context_length = 0;  ///< tokens that the model was trained for
  bool has_chat_template = false;
  double load_ms = 0;
  std::optional<int> host_pid = {};  ///< the process that holds it (see Isolation); none: this one

  std::string where() const;  ///< "cuda:0", or "cpu, cuda:0"
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

  /// How many tokens `prompt` is, as generate() counts them. Throws Cancelled where `stop` asks for it while a model that was lost
  /// is loaded anew.
  virtual std::size_t count_tokens(const Prompt& prompt, const std::stop_token& stop = {}) const = 0;

  virtual std::unique_ptr<Session> new_session(const SessionOptions& options = {}) const = 0;

  /// The context that each session may hold, without zeros: as it was loaded with, or the default.
  virtual const ContextSpec& context() const = 0;

  /// The bytes that the weights and all sessions that live hold at this moment, by device. A session holds nothing before
  /// its first request. Weights that are mapped from the file count with the device that reads them.
  virtual std::vector<DeviceUse> memory() const = 0;

  /// Where each tensor lies, read back from the engine, in the order in which it made them. A tensor that several devices
  /// hold stands there for each.
  virtual std::vector<PlacedTensor> tensors() const = 0;
};

/// Where an engine runs. In a process of its own, a crash, an abort or a hang of it is an EngineLost, and the model is
/// loaded anew on what is left, so that a generation goes on where it was.
enum class Isolation {
  automatic,  ///< process where a part of the model lies on a worker of another machine, else none
  none,       ///< in this process
  process     ///< in the program berth-engine-host, which ends with the model
};
std::string_view to_string(Isolation isolation);  ///< "automatic", "none", "process"

/// What is to be loaded, and where, as data.
struct LoadRequest {
  std::filesystem::path model = {};  ///< a GGUF file
  /// One device, or a map of parts of the model as placement_of() reads it. Not looked at where there is a `placement`.
  ComponentDevice device = Device::cpu();
  std::optional<Placement> placement = {};  ///< where each part lies, as a Plan says
  /// Which piece of hardware each device is, by its name in `device` or `placement`: Resolution::keys, or
  /// Inventory::keys(). The CPU needs none; any other device without one is refused, as its index may mean another piece to the engine.
  OrderedMap<DeviceKey> keys = {};
  /// Bounds the memory that each session takes. None: as many tokens as the model was trained for, shared by up to 64
  /// sequences.
  std::optional<ContextSpec> context = {};
  Isolation isolation = Isolation::automatic;
  /// How often one call loads the model anew when its engine or a device is lost; only in a process of its own.
  int max_recoveries = 3;
  /// An engine in a process of its own that neither answers nor computes for so long counts as lost; 0: never.
  int patience_s = 120;

  /// Throws std::invalid_argument for a path that is not UTF-8.
  Value to_dict() const;
  /// Throws std::invalid_argument saying where what is wrong.
  static LoadRequest from_dict(const Value& dict);

  /// What carries out `plan` for the model at `path`. Throws ModelDoesNotFit for a plan that does not fit.
  static LoadRequest of(const Plan& plan, std::filesystem::path path);

  bool operator==(const LoadRequest&) const = default;
};

/// How a placement came about, for planning anew where a device is lost.
struct Planning {
  PlanRequest request;
  Inventory machine;  ///< whose names of devices stand in the request
};

class Reservation;  // memory that is kept for a model, see berth/running.h

/// What a caller gives beside the request, as it is no data.
struct LoadContext {
  std::function<bool(float)> progress = {};  ///< the part done, 0 to 1; answering false cancels
  std::stop_token stop = {};
  LogCallback log = {};  ///< the engine's warnings
  /// What read_model() said of the file of the request, where the caller knows it already; it is not read again then.
  std::shared_ptr<const ModelProfile> profile = {};
  /// What was kept for the model when its plan was accepted. None: from here on as much as its weights take.
  std::shared_ptr<Reservation> reservation = {};
  /// What the placement of the request was planned by. Where a device is lost, budgets, strategy, pins, the devices to use
  /// and to avoid hold for the next plan too. None: it is planned as `optimal` does over all that is left.
  std::shared_ptr<const Planning> planning = {};
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

  /// Whether it also runs on workers of ggml's RPC protocol, which devices() does not list.
  virtual bool uses_workers() const { return false; }

  /// Measures a device for about `budget` (see berth/measure.h); `device` is its name, and `key` tells which one it is.
  /// Throws EngineError, also where no device or several match the key.
  virtual Measurement measure(const Device& device, const DeviceKey& key, std::chrono::milliseconds budget) const = 0;

  /// The bytes that a load of `model` would take, asked of the engine without loading, to the byte; `keys` as in
  /// LoadRequest. It may take seconds and, for that time, the memory of compute buffers. What lies on workers, and a file that is
  /// none of Berth's own and was not run well before, is asked for in a process of its own. Throws as load(), and EngineError where the
  /// engine cannot place layers so, or its process ends.
  virtual MemoryUse memory(const std::filesystem::path& model, const Placement& placement, const ContextSpec& context,
                           const OrderedMap<DeviceKey>& keys) const = 0;

  /// Throws ModelNotFound, FormatError (a file that is no model or is damaged), EngineError (a device that is not there or
  /// that cannot be told from another, an architecture that is not known, too little memory), EngineLost (the process of the
  /// engine ended), std::invalid_argument (a
  /// context that cannot be, the profile of another file) and Cancelled.
  virtual std::shared_ptr<const LoadedModel> load(const LoadRequest& request,
                                                  const LoadContext& context = {}) const = 0;
};

/// The engines that this build has, best first.
std::span<const Engine* const> engines();

/// The engine of that name. Throws std::invalid_argument naming those that this build has.
const Engine& engine(std::string_view name);

}  // namespace berth
