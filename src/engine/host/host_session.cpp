#include "engine/host/host_session.h"

#include <exception>
#include <utility>

#include "berth/error.h"
#include "engine/host/chunk.h"
#include "engine/host/failure.h"
#include "engine/host/load_there.h"

namespace berth::host {
namespace {

void hand_on(const Chunk& chunk, const GenerationContext& call) {
  if (call.on_token)
    for (const auto token : chunk.tokens) call.on_token(chunk.index, token);
  if (call.on_chunk && !chunk.text.empty()) call.on_chunk({.content = chunk.text, .index = chunk.index});
}

}  // namespace

HostSession::HostSession(std::shared_ptr<const HostModel> model, const SessionOptions& options)
    : model_(std::move(model)), connection_(model_->process().connect()) {
  auto& process = model_->process();
  process.send(*connection_, Kind::new_session, options.to_dict().to_json());
  const auto answer = process.receive(*connection_);
  if (answer.kind == Kind::failed) throw_failure(answer.body);
}

HostSession::~HostSession() {
  try {  // what it held is free when this returns
    model_->process().send(*connection_, Kind::close);
    (void)model_->process().receive(*connection_);
  } catch (const std::exception&) {  // with its process
  }
}

GenerationResult HostSession::generate(const GenerationRequest& request, const GenerationContext& call) {
  auto& process = model_->process();
  process.send(*connection_, Kind::generate, request.to_dict().to_json());
  const std::stop_callback stop(call.stop, [&] { tell_cancel(*connection_); });
  std::exception_ptr of_caller;
  for (;;) {
    const auto message = process.receive(*connection_, call.stop);
    if (message.kind == Kind::chunk && !of_caller) {
      try {
        hand_on(Chunk::from_bytes(message.body), call);
      } catch (...) {  // of a callback: the session is for use again once the other end has stopped
        of_caller = std::current_exception();
        tell_cancel(*connection_);
      }
    }
    if (message.kind != Kind::done && message.kind != Kind::failed) continue;
    if (of_caller) std::rethrow_exception(of_caller);
    if (message.kind == Kind::failed) throw_failure(message.body);
    return GenerationResult::from_dict(process.json_of(message));
  }
}

}  // namespace berth::host
