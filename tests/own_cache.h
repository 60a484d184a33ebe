/// A cache of one's own, for the time of a test: what is made of the models is nothing to the user's.
#pragma once

#include <cstdlib>

#include "clean_environment.h"
#include "test_model.h"

namespace berth::test {

class OwnCache {
 public:
  OwnCache() { setenv("XDG_CACHE_HOME", folder_.path().c_str(), 1); }

 private:
  TemporaryFolder folder_;
  CleanEnvironment before_{{"XDG_CACHE_HOME"}};
};

}  // namespace berth::test
