// What cuda_abi.h says of the CUDA driver API, against NVIDIA's own header where a machine has it.
#if __has_include(<cuda.h>)
#include <cuda.h>
#endif

#include <gtest/gtest.h>

#include "discover/drivers/cuda_abi.h"

namespace berth::discovery {
namespace {

TEST(CudaAbi, IsThatOfTheHeaderOfCuda) {
#ifdef CUDA_VERSION
  EXPECT_EQ(sizeof(cuda::Uuid), sizeof(CUuuid));
  EXPECT_EQ(sizeof(cuda::Device), sizeof(CUdevice));
  EXPECT_EQ(sizeof(cuda::Result), sizeof(CUresult));
  EXPECT_EQ(cuda::stub_library, CUDA_ERROR_STUB_LIBRARY);
  EXPECT_EQ(cuda::no_device, CUDA_ERROR_NO_DEVICE);
  EXPECT_EQ(cuda::system_not_ready, CUDA_ERROR_SYSTEM_NOT_READY);
  EXPECT_EQ(cuda::system_driver_mismatch, CUDA_ERROR_SYSTEM_DRIVER_MISMATCH);
  EXPECT_EQ(cuda::compat_not_supported_on_device, CUDA_ERROR_COMPAT_NOT_SUPPORTED_ON_DEVICE);
  EXPECT_EQ(cuda::attribute_integrated, CU_DEVICE_ATTRIBUTE_INTEGRATED);
  EXPECT_EQ(cuda::attribute_pci_bus, CU_DEVICE_ATTRIBUTE_PCI_BUS_ID);
  EXPECT_EQ(cuda::attribute_pci_device, CU_DEVICE_ATTRIBUTE_PCI_DEVICE_ID);
  EXPECT_EQ(cuda::attribute_pci_domain, CU_DEVICE_ATTRIBUTE_PCI_DOMAIN_ID);
  EXPECT_EQ(cuda::attribute_compute_capability_major, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR);
  EXPECT_EQ(cuda::attribute_compute_capability_minor, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR);
#else
  GTEST_SKIP() << "there is no cuda.h on this machine";
#endif
}

}  // namespace
}  // namespace berth::discovery
