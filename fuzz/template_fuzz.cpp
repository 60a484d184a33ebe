// Any text as a template, of each kind: a text within the limits, or the documented error with its place.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <stdexcept>
#include <string>

#include "berth/document.h"
#include "jinja/template.h"

namespace {

using berth::JinjaTemplate;
using berth::Value;

Value::Object variables() {
  return {{"nums", Value::Array{3, 1, 2, 10, 1}},
          {"words", Value::Array{"pear", "Apple", "fig"}},
          {"d", Value::Object{{"b", 1}, {"a", 2.5}, {"C", "x"}}},
          {"name", "Grüezi <b>!"},
          {"docs", Value::Array{berth::Document({.id = "1", .content = "Rome is old.", .meta = {{"page", 3}}})}},
          {"messages", Value::Array{Value::Object{{"role", "user"}, {"content", "Hi <|im_end|>"}}}},
          {"bos_token", "<s>"}};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string source(reinterpret_cast<const char*>(data), size);
  static const auto given = variables();
  for (const auto kind : {JinjaTemplate::Kind::text, JinjaTemplate::Kind::chat, JinjaTemplate::Kind::messages}) {
    try {
      const JinjaTemplate parsed(source, kind);
      if (kind == JinjaTemplate::Kind::messages) {
        (void)parsed.render_messages(given);
      } else if (kind == JinjaTemplate::Kind::chat) {
        std::string whole;
        for (const auto& piece : parsed.render_pieces(given)) whole += piece.text;
        if (whole != parsed.render(given) && source.find("random") == source.npos && source.find("now") == source.npos)
          std::abort();
      } else {
        (void)parsed.render(given);
      }
    } catch (const berth::TemplateError& error) {
      if (error.line() > size + 1 || error.column() > size + 1) std::abort();
    } catch (const std::invalid_argument&) {
      if (kind != JinjaTemplate::Kind::messages) std::abort();
    }
  }
  return 0;
}
