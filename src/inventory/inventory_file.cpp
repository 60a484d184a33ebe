#include <stdexcept>

#include "berth/error.h"
#include "berth/inventory.h"
#include "text/file.h"

namespace berth {
namespace {

constexpr std::size_t most_bytes = std::size_t{64} << 20U;

}  // namespace

void Inventory::save(const std::filesystem::path& path) const { write_file(path, to_dict().to_json(2) + "\n"); }

Inventory Inventory::load(const std::filesystem::path& path) {
  const std::string text = read_text_file(path, most_bytes);
  try {
    return from_dict(Value::from_json(text));
  } catch (const FormatError& problem) {
    throw FormatError(path, problem.offset(), problem.found(), problem.expected());
  } catch (const std::invalid_argument& problem) {
    throw FormatError(path, problem.what(), "an inventory");
  }
}

}  // namespace berth
