#include <berth/device.h>

#include <iostream>

int main() {
  const auto device = berth::Device::from_str("cuda:1");
  std::cout << device.str() << '\n';
  return device.str() == "cuda:1" ? 0 : 1;
}
