/// A cache of one's own, for the time of a test: what is made of the models is nothing to the user's.
#pragma once

#include <cstdlib>
#include <optional>
#include <string>

#include "test_model.h"

namespace berth::test {

class OwnCache {
 public:
  OwnCache() { setenv("XDG_CACHE_HOME", folder_.path().c_str(), 1); }
  ~OwnCache() { before_ ? setenv("XDG_CACHE_HOME", before_->c_str(), 1) : unsetenv("XDG_CACHE_HOME"); }
  OwnCache(const OwnCache&) = delete;
  OwnCache& operator=(const OwnCache&) = delete;

 private:
  TemporaryFolder folder_;
  std::optional<std::string> before_ = std::getenv("XDG_CACHE_HOME") == nullptr
                                           ? std::nullopt
                                           : std::optional<std::string>(std::getenv("XDG_CACHE_HOME"));
};

}  // namespace berth::test
