/// What a model computes elsewhere than it was asked to is told.
#include "engine/llama/placement_notes.h"

#include <gmock/gmock.h>

namespace berth::llama {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(PlacementNotes, TellEachRunOfLayersAndTheOutput) {
  const auto gpu = Device::gpu(0);
  const Placement asked{.layers = {{0, 4, gpu}, {4, 2, Device::disk()}}, .output = gpu};
  EXPECT_THAT(placement_notes(asked, asked), IsEmpty());
  const Placement found{.layers = {{0, 3, gpu}, {3, 3, Device::cpu()}}, .output = Device::cpu()};
  EXPECT_THAT(placement_notes(asked, found),
              ElementsAre("layer 3 is computed on cpu, not on cuda:0", "layers 4 to 5 are computed on cpu, not on disk",
                          "the output is computed on cpu, not on cuda:0"));
}

}  // namespace
}  // namespace berth::llama
