/// Python's pprint.pformat().
#pragma once

#include "jinja/any.h"

namespace berth::jinja {

Any pretty_printed(Run& run, const Any& value);

}  // namespace berth::jinja
