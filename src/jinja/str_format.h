/// str.format(), with the attributes and entries that the sandbox shows.
#pragma once

#include "jinja/any.h"

namespace berth::jinja {

/// `mapping` instead of arguments is that of format_map().
Any str_format(Run& run, const Str& format, const Arguments& arguments, const Any* mapping);

}  // namespace berth::jinja
