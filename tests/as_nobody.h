/// Rights of a user who is nobody, for tests of what may not be read.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

namespace berth::test {

/// While it lives, root is nobody; other users stay who they are.
class AsNobody {
 public:
  AsNobody() { become(65534); }
  ~AsNobody() { become(0); }
  AsNobody(const AsNobody&) = delete;
  AsNobody& operator=(const AsNobody&) = delete;

 private:
  void become(uid_t user) const {
    if (root_) {
      EXPECT_EQ(seteuid(user), 0);
    }
  }

  bool root_ = getuid() == 0;
};

}  // namespace berth::test
