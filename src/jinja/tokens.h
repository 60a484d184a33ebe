/// Templates cut into tokens, as jinja2 does with its defaults.
#pragma once

#include <jinja/lexer.h>

#include <string>

namespace berth {

/// llama.cpp's lexer drops blanks and line ends around blocks, as chat templates want it. Here text between tags stays as
/// it is, but for what a tag's own "-" takes away and the one line end after everything.
/// With `messages`, {% message role="user" %}...{% endmessage %} calls message_function with the text in it.
/// Throws std::exception where `source` is no template or is nested too deeply to be run.
::jinja::lexer_result tokenize_template(const std::string& source, bool messages);

inline constexpr const char* message_function = "__message";

}  // namespace berth
