#include "engine/host/serve.h"

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <thread>
#include <utility>

#include "berth/engine.h"
#include "berth/simulated.h"
#include "engine/encoder_here.h"
#include "engine/engine_here.h"
#include "engine/host/chunk.h"
#include "engine/host/encode_parts.h"
#include "engine/host/encoder_fields.h"
#include "engine/host/end_process.h"
#include "engine/host/far_ends.h"
#include "engine/host/line.h"
#include "engine/host/model_fields.h"
#include "engine/host/worker_watch.h"
#include "engine/reservation.h"
#ifdef BERTH_WITH_LLAMA
#include "engine/llama/log_capture.h"
#endif

namespace berth::host {
namespace {

using Model = std::shared_ptr<const LoadedModel>;
using Encoder = std::shared_ptr<const EncoderModel>;

constexpr std::chrono::milliseconds patience_with_silence{4000};

const Value& part(const Value& value, std::string_view name) {
  const Value* found = value.find(name);
  if (found == nullptr)
    throw std::invalid_argument("A request to the engine's process lacks '" + std::string(name) + "'");
  return *found;
}

template <class T>
T read_part(const Value& value, std::string_view name) {
  return structs::read<T>(part(value, name), {});
}

/// What holds for all that is computed here from now on.
void prepare(const Value& order, const OrderedMap<DeviceKey>& keys) {
  static std::optional<FarEnds> far_ends;
  const auto* by_time = order.find("by_time");  // of a load
  if (!endpoints_of(keys).empty()) far_ends.emplace(patience_with_silence, by_time != nullptr && by_time->as_bool());
  if (const auto& simulated = part(order, "simulated"); !simulated.is_null())
    use_simulated(Inventory::from_dict(simulated));
}

/// How `model` is loaded for who asked by `order`.
LoadContext load_context(Line& line, const Request& asked, const Value& order, const std::filesystem::path& model) {
  Reservation::keep_for(read_part<int>(order, "owner"));
  LoadContext context{.stop = asked.stop};
  if (auto kept = read_part<std::vector<DeviceUse>>(order, "kept"); !kept.empty())
    context.reservation = std::make_shared<Reservation>(model, std::move(kept));
  context.progress = [&line](float done) {
    line.send(Kind::progress, Value(static_cast<double>(done)).to_json());
    return true;
  };
  if (read_part<bool>(order, "logs"))
    context.log = [&line](LogLevel level, std::string_view text) {
      line.send(Kind::log, Value(Value::Object{{"level", static_cast<int>(level)}, {"text", text}}).to_json());
    };
  return context;
}

Model load(Line& line, const Engine& engine, const Request& asked) {
  const auto order = Value::from_json(asked.message.body);
  const auto request = LoadRequest::from_dict(part(order, "request"));
  prepare(order, request.keys);
  return engine.load(request, load_context(line, asked, order, request.model));
}

std::string loaded_json(const LoadedModel& model) {
  return Value(Value::Object{{"info", structs::write(model.info())}, {"context", model.context().to_dict()}}).to_json();
}

Encoder load_encoder(Line& line, const Request& asked) {
  const auto order = Value::from_json(asked.message.body);
  const auto request = read_part<EncoderRequest>(order, "request");
  prepare(order, request.keys);
  return load_encoder_here(request, load_context(line, asked, order, request.model));
}

std::string loaded_json(const EncoderModel& encoder) {
  return Value(Value::Object{{"info", structs::write(encoder.info())},
                             {"placement", structs::write(encoder.placement())}})
      .to_json();
}

std::string encoder_memory(const Message& message) {
  const auto order = Value::from_json(message.body);
  const auto request = read_part<EncoderRequest>(order, "request");
  prepare(order, request.keys);
  return structs::write(encoder_memory_here(request, read_part<EncoderUse>(order, "use"))).to_json();
}

std::string model_memory(const Engine& engine, const Message& message) {
  const auto order = Value::from_json(message.body);
  const auto request = LoadRequest::from_dict(part(order, "request"));
  prepare(order, request.keys);
  return engine
      .memory(request.model, request.placement.value_or(Placement()), request.context.value_or(ContextSpec()),
              request.keys)
      .to_dict()
      .to_json();
}

GenerationResult generate(Line& line, Session& session, const Request& asked) {
  std::map<std::size_t, std::vector<std::int32_t>> tokens;  // whose text has not come yet
  GenerationContext context{.stop = asked.stop};
  context.on_token = [&](std::size_t index, std::int32_t token) { tokens[index].push_back(token); };
  context.on_chunk = [&](const StreamingChunk& chunk) {
    const auto text =
        Chunk{static_cast<std::uint32_t>(chunk.index), std::exchange(tokens[chunk.index], {}), chunk.content};
    line.send(Kind::chunk, text.bytes());
  };
  return session.generate(GenerationRequest::from_dict(Value::from_json(asked.message.body)), context);
}

std::string encode(Line& line, const EncoderModel& encoder, const Request& asked) {
  if (asked.message.kind != Kind::encode) throw std::invalid_argument("An encoder cannot be asked for that there");
  EncodeContext context{.stop = asked.stop};
  context.progress = [&](float done) {
    line.send(Kind::progress, Value(static_cast<double>(done)).to_json());
    return true;
  };
  const auto request = structs::read<EncodeRequest>(Value::from_json(asked.message.body), {});
  return send_parts(encoder.encode(request, context), [&](std::string_view part) { line.send(Kind::chunk, part); })
      .to_json();
}

/// Requests of one session, until it is closed.
void serve_session(const LoadedModel& model, Descriptor socket) {
  Line line(std::move(socket));
  std::unique_ptr<Session> session;
  const auto work = [&](const Request& request) -> std::string {
    switch (request.message.kind) {
      case Kind::new_session:
        session = model.new_session(SessionOptions::from_dict(Value::from_json(request.message.body)));
        return {};
      case Kind::generate:
        if (!session) break;
        return generate(line, *session, request).to_dict().to_json();
      case Kind::close:
        session = nullptr;
        return {};
      default:
        break;
    }
    throw std::invalid_argument("A session cannot be asked for that");
  };
  try {
    while (const auto request = line.next()) line.answer([&] { return work(*request); });
  } catch (const ConnectionLost&) {  // its session goes
  }
}

/// One request of an encoder, until its connection is closed.
void serve_encoding(const EncoderModel& encoder, Descriptor socket) {
  Line line(std::move(socket));
  try {
    while (const auto request = line.next()) line.answer([&] { return encode(line, encoder, *request); });
  } catch (const ConnectionLost&) {  // nobody waits for it
  }
}

std::string apply_template(const LoadedModel& model, const Value& asked) {
  ChatTemplateOptions options;
  if (const auto& source = part(asked, "chat_template"); !source.is_null()) options.chat_template = source.as_string();
  options.variables = part(asked, "variables").as_object();
  const auto prompt = model.apply_chat_template(read_part<std::vector<ChatMessage>>(asked, "messages"), options);
  return structs::write(prompt).to_json();
}

std::string answer_of_model(const LoadedModel& model, const Message& message) {
  switch (message.kind) {
    case Kind::apply_chat_template:
      return apply_template(model, Value::from_json(message.body));
    case Kind::count_tokens:
      return Value(model.count_tokens(structs::read<Prompt>(Value::from_json(message.body), {}))).to_json();
    case Kind::memory:
      return structs::write(model.memory()).to_json();
    case Kind::tensors:
      return structs::write(model.tensors()).to_json();
    default:
      throw std::invalid_argument("A model cannot be asked for that");
  }
}

std::string answer_of_encoder(const EncoderModel& encoder, const Message& message) {
  if (message.kind == Kind::memory) return structs::write(encoder.memory()).to_json();
  if (message.kind != Kind::tokenize) throw std::invalid_argument("An encoder cannot be asked for that");
  const auto order = Value::from_json(message.body);
  return tokens_value(encoder.tokenize(input_of(part(order, "input")), read_part<Truncation>(order, "truncation")))
      .to_json();
}

/// What the process does for the model that it is asked to load.
class Service {
 public:
  Service(std::string_view engine_name, Line& line) : engine_name_(engine_name), line_(line) {}

  bool has_model() const { return model_ || encoder_; }

  std::string answer(const Request& request) {
    const auto& message = request.message;
    if (message.kind == Kind::encoder_memory) return encoder_memory(message);
    if (message.kind == Kind::model_memory) return model_memory(engine_here(engine_name_), message);
    if (message.kind == Kind::load || message.kind == Kind::load_encoder) {
      if (has_model()) throw std::invalid_argument("There is a model already");
      if (message.kind == Kind::load_encoder) {
        encoder_ = load_encoder(line_, request);
        return loaded_json(*encoder_);
      }
      model_ = load(line_, engine_here(engine_name_), request);
      return loaded_json(*model_);
    }
    if (!has_model()) throw std::invalid_argument("There is no model yet");
    return model_ ? answer_of_model(*model_, message) : answer_of_encoder(*encoder_, message);
  }

  /// Serves a connection that was opened for the model, on a thread of its own.
  void open(Descriptor socket) {
    std::thread([model = model_, encoder = encoder_, socket = std::move(socket)]() mutable {
      if (model)
        serve_session(*model, std::move(socket));
      else
        serve_encoding(*encoder, std::move(socket));
    }).detach();
  }

 private:
  std::string_view engine_name_;
  Line& line_;
  Model model_;
  Encoder encoder_;  // or this
};

}  // namespace

int serve(std::string_view engine_name, Descriptor socket) {
#ifdef BERTH_WITH_LLAMA
  llama::LogCapture::print_errors();
#endif
  Line line(std::move(socket), end_process);
  Service service(engine_name, line);
  while (auto request = line.next()) {
    auto& message = request->message;
    if (message.kind == Kind::open_session) {
      if (!service.has_model()) return 1;
      service.open(std::move(message.descriptor));
      continue;
    }
    line.answer([&] { return service.answer(*request); });
  }
  end_process();
}

}  // namespace berth::host
