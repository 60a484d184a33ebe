#include "conversation.h"

#include <algorithm>
#include <csignal>

#include "answer.h"
#include "failure.h"
#include "interrupt.h"
#include "line_editor.h"
#include "output.h"
#include "run_report.h"
#include "text/printable.h"

namespace berth::cli {
namespace {

constexpr auto help =
    "/clear forgets the conversation, /exit or Ctrl-D ends, Ctrl-C ends an answer,\n"
    "arrow up brings back what was typed.\n";

class Conversation {
 public:
  Conversation(const LoadedModel& model, const RunOptions& options, const GenerationOptions& generation, bool chat)
      : model_(model), options_(options), generation_(generation), chat_(chat) {
    auto session = session_options(options);
    session.reuse_prefix = true;
    session_ = model.new_session(session);
    clear();
  }

  void clear() {
    messages_.clear();
    if (options_.system) messages_.push_back({"system", *options_.system});
  }

  /// Answers the signal that ended it, or 0.
  int say(const std::string& text) {
    const auto before = messages_;
    messages_.push_back({"user", text});
    Interrupt interrupt;
    try {
      const auto prompt = chat_ ? model_.apply_chat_template(messages_) : Prompt(text);
      const auto result = answer(*session_, prompt, generation_, !options_.no_stream, interrupt.token());
      const auto& reply = result.completions.front().text;
      if (interrupt.signal() != 0 && reply.empty()) {
        messages_ = before;  // as if it had not been said
        print("\n");         // after the ^C
      } else {
        messages_.push_back({"assistant", reply});
      }
      if (options_.verbose) tell_summary(result, model_.info());
    } catch (const OutputError&) {
      throw;
    } catch (const std::exception& problem) {
      messages_ = before;
      note(message_of(problem) + (before.empty() ? "" : "; /clear forgets what was said before"), Note::error);
    }
    interrupt.give_back();
    return interrupt.signal();
  }

 private:
  const LoadedModel& model_;
  const RunOptions& options_;
  const GenerationOptions& generation_;
  bool chat_;
  std::unique_ptr<Session> session_;
  std::vector<ChatMessage> messages_;
};

bool is_command(const std::string& line) {
  return line.size() > 1 && line[0] == '/' &&
         std::all_of(line.begin() + 1, line.end(), [](char c) { return c >= 'a' && c <= 'z'; });
}

}  // namespace

int converse(const LoadedModel& model, const RunOptions& options, const GenerationOptions& generation, bool chat) {
  note(escaped(model.info().description) + " on " + where(model.info()) + "; /help lists what else you can type");
  Conversation conversation(model, options, generation, chat);
  LineEditor editor;
  while (const auto typed = editor.read(">>> ")) {
    const auto start = typed->find_first_not_of(" \t");
    if (start == std::string::npos) continue;
    const auto line = typed->substr(start, typed->find_last_not_of(" \t") + 1 - start);
    if (line == "/exit") return 0;
    if (line == "/clear") {
      conversation.clear();
    } else if (line == "/help") {
      print(help);
    } else if (is_command(line)) {
      note("there is no " + line + "; /help lists what there is", Note::error);
    } else if (const int signal = conversation.say(line); signal != 0 && signal != SIGINT) {
      return 128 + signal;
    }
    flush();
  }
  print("\n");
  return 0;
}

}  // namespace berth::cli
