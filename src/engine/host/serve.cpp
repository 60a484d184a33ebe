#include "engine/host/serve.h"

#include <atomic>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <thread>
#include <utility>

#include "berth/engine.h"
#include "berth/simulated.h"
#include "engine/host/chunk.h"
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

Model load(Line& line, const Engine& engine, const Request& asked) {
  const auto order = Value::from_json(asked.message.body);
  const auto request = LoadRequest::from_dict(part(order, "request"));
  static std::optional<FarEnds> far_ends;
  if (!endpoints_of(request.keys).empty()) far_ends.emplace(patience_with_silence);
  if (const auto& simulated = part(order, "simulated"); !simulated.is_null())
    use_simulated(Inventory::from_dict(simulated));
  LoadContext context{.stop = asked.stop};
  if (auto kept = read_part<std::vector<DeviceUse>>(order, "kept"); !kept.empty())
    context.reservation = std::make_shared<Reservation>(request.model, std::move(kept));
  context.progress = [&](float done) {
    line.send(Kind::progress, Value(static_cast<double>(done)).to_json());
    return true;
  };
  if (read_part<bool>(order, "logs"))
    context.log = [&](LogLevel level, std::string_view text) {
      line.send(Kind::log, Value(Value::Object{{"level", static_cast<int>(level)}, {"text", text}}).to_json());
    };
  return engine.load(request, context);
}

std::string loaded_json(const LoadedModel& model) {
  return Value(Value::Object{{"info", structs::write(model.info())}, {"context", model.context().to_dict()}}).to_json();
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

}  // namespace

int serve(std::string_view engine_name, Descriptor socket) {
#ifdef BERTH_WITH_LLAMA
  llama::LogCapture::print_errors();
#endif
  Line line(std::move(socket), end_process);
  Model model;
  while (auto request = line.next()) {
    auto& message = request->message;
    if (message.kind == Kind::open_session) {
      if (!model) return 1;
      std::thread([model, session = std::move(message.descriptor)]() mutable {
        serve_session(*model, std::move(session));
      }).detach();
      continue;
    }
    line.answer([&]() -> std::string {
      if (message.kind != Kind::load) {
        if (!model) throw std::invalid_argument("There is no model yet");
        return answer_of_model(*model, message);
      }
      if (model) throw std::invalid_argument("There is a model already");
      model = load(line, engine(engine_name), *request);
      return loaded_json(*model);
    });
  }
  end_process();
}

}  // namespace berth::host
