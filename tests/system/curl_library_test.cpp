#include "system/curl_library.h"

#include <gmock/gmock.h>

#include "berth/error.h"

namespace berth {
namespace {

using testing::AllOf;
using testing::HasSubstr;

std::string refused(std::vector<std::string> names) {
  try {
    const CurlLibrary library(names);
  } catch (const RemoteError& problem) {
    return problem.what();
  }
  ADD_FAILURE() << "this was taken for libcurl";
  return {};
}

TEST(CurlLibrary, TellsWhatToInstallWhereThereIsNone) {
  EXPECT_THAT(
      refused({"libcurl-of-nobody.so.4"}),
      AllOf(HasSubstr("libcurl-of-nobody.so.4: cannot open shared object file"), HasSubstr("install libcurl4")));
}

TEST(CurlLibrary, NamesTheFunctionThatIsMissing) {
  EXPECT_THAT(refused({"libc.so.6"}), HasSubstr("libc.so.6 has no function curl_easy_cleanup"));
}

TEST(CurlLibrary, IsTheSameForAll) {
  EXPECT_EQ(&curl(), &curl());
  EXPECT_EQ(curl().getdate("Thu, 01 Jan 1970 00:01:00 GMT", nullptr), 60);
}

}  // namespace
}  // namespace berth
