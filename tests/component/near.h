// Values that are equal but for the last digits of their numbers.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "berth/value.h"

namespace berth::test {

/// Numbers within `tolerance` relative to max(1, |expected|), all else as it is; objects in any order.
inline void expect_near(const Value& value, const Value& expected, double tolerance = 1e-4,
                        const std::string& place = "") {
  if (expected.is_double() && value.is_number()) {
    EXPECT_NEAR(value.as_double(), expected.as_double(), tolerance * std::max(1.0, std::abs(expected.as_double())))
        << place;
  } else if (expected.is_array() && value.is_array()) {
    ASSERT_EQ(value.as_array().size(), expected.as_array().size())
        << place << ": " << value << "\nexpected " << expected;
    for (std::size_t i = 0; i < expected.as_array().size(); ++i)
      expect_near(value.as_array()[i], expected.as_array()[i], tolerance, place + "[" + std::to_string(i) + "]");
  } else if (expected.is_object() && value.is_object()) {
    EXPECT_EQ(value.as_object().size(), expected.as_object().size())
        << place << ": " << value << "\nexpected " << expected;
    for (const auto& [name, entry] : expected.as_object()) {
      ASSERT_NE(value.find(name), nullptr) << place << "." << name << " is missing";
      expect_near(*value.find(name), entry, tolerance, place + "." + name);
    }
  } else {
    EXPECT_EQ(value, expected) << place;
  }
}

}  // namespace berth::test
