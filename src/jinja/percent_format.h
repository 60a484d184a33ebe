/// Python's text % values: "%-5s %(name).2f".
#pragma once

#include "jinja/any.h"

namespace berth::jinja {

/// `format` is a text.
Any percent_format(Run& run, const Any& format, const Any& values);

}  // namespace berth::jinja
