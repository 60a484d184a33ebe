// Any text: a pipeline whose file loads again as the same, or one of the documented errors.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <stdexcept>
#include <string>

#include "berth/error.h"
#include "berth/pipeline.h"
#include "pipeline/components.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  berth::test::register_test_components();
  const std::string text(reinterpret_cast<const char*>(data), size);
  try {
    const auto pipeline = berth::Pipeline::loads(text);
    const auto dumped = pipeline.dumps();
    const auto again = berth::Pipeline::loads(dumped);
    // The first loading may change the order of the connections, as Haystack's does.
    const auto settled = again.dumps();
    if (berth::Pipeline::loads(settled).dumps() != settled) std::abort();
    if (again.component_names().size() != pipeline.component_names().size()) std::abort();
    (void)pipeline.to_mermaid();
    (void)pipeline.to_svg();
  } catch (const berth::FormatError&) {
  } catch (const std::invalid_argument&) {
  }
  return 0;
}
