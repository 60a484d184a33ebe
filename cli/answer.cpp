#include "answer.h"

#include <fmt/format.h>

#include "output.h"
#include "text/printable.h"

namespace berth::cli {

ReplyPrinter::ReplyPrinter() : terminal_(output_is_terminal()) {}

void ReplyPrinter::print_part(std::string_view text) {
  if (text.empty()) return;
  print(terminal_ ? escaped(text, true) : std::string(text));
  flush();
  in_line_ = !text.ends_with('\n');
}

void ReplyPrinter::print_all(const GenerationResult& result) {
  const auto count = result.completions.size();
  for (std::size_t i = 0; i < count; ++i) {
    if (count > 1) print(fmt::format("--- {} of {}\n", i + 1, count));
    print_part(result.completions[i].text);
    end();
  }
}

void ReplyPrinter::end() {
  if (in_line_) print("\n");
  in_line_ = false;
  flush();
}

void tell_warning(LogLevel, std::string_view message) { note("warning: " + escaped(message)); }

GenerationResult answer(Session& session, Prompt prompt, const GenerationOptions& options, bool stream,
                        std::stop_token stop) {
  ReplyPrinter printer;
  GenerationContext context{.stop = std::move(stop), .log = tell_warning};
  const bool as_made = stream && options.num_return_sequences == 1 && options.num_beams == 1;
  if (as_made) context.on_chunk = [&](const StreamingChunk& chunk) { printer.print_part(chunk.content); };
  auto result = session.generate({.prompts = {std::move(prompt)}, .options = options}, context);
  if (as_made)
    printer.end();
  else
    printer.print_all(result);
  return result;
}

}  // namespace berth::cli
