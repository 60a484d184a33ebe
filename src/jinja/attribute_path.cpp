#include "jinja/attribute_path.h"

#include <algorithm>

#include "jinja/attributes.h"
#include "jinja/operators.h"
#include "jinja/text_search.h"
#include "text/lower_case.h"

namespace berth::jinja {

AttributePath::AttributePath(Run& run, const Any& attribute) : parts_(run.heap.resource()) {
  if (attribute.is_none()) return;
  if (!attribute.is_string()) {
    parts_.push_back(attribute);
    return;
  }
  const Str dot{"."};
  for (const auto& part : split(run, attribute.string(), &dot, -1)->items) {
    const auto& bytes = part.string().bytes;
    const bool is_number = !bytes.empty() && std::ranges::all_of(bytes, [](char c) { return c >= '0' && c <= '9'; });
    parts_.push_back(is_number ? int_of(run, part, 10) : part);
  }
}

Any AttributePath::of(Run& run, const Any& item, const Any* otherwise) const {
  Any value = item;
  for (const auto& part : parts_) {
    run.count_steps(1);
    value = get_item(run, value, part);
    if (otherwise != nullptr && !otherwise->is_none() && value.is_undefined()) value = *otherwise;
  }
  return value;
}

std::vector<AttributePath> attribute_paths(Run& run, const Any& attribute) {
  std::vector<AttributePath> paths;
  if (!attribute.is_string()) {
    paths.emplace_back(run, attribute);
    return paths;
  }
  const Str comma{","};
  for (const auto& part : split(run, attribute.string(), &comma, -1)->items) paths.emplace_back(run, part);
  return paths;
}

Any without_case(Run& run, const Any& value) {
  return value.is_string() ? changed(run, value.string(), lower_case) : value;
}

}  // namespace berth::jinja
