#include "berth/convert.h"

namespace berth {

int to_spacy(const ComponentDevice& device) {
  const Device* single = device.single();
  if (single == nullptr) throw std::invalid_argument("Only single devices can be converted to spaCy format");
  return single->type() == DeviceType::cuda ? single->id().value_or(0) : -1;
}

Device from_spacy(int gpu_id) { return gpu_id == -1 ? Device::cpu() : Device::gpu(gpu_id); }

}  // namespace berth
