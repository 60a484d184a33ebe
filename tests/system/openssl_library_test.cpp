#include "system/openssl_library.h"

#include <gmock/gmock.h>

#include "refusal.h"
#include "system/sha256.h"

namespace berth {
namespace {

using testing::HasSubstr;

TEST(OpensslLibrary, IsCalledByTheNamesOfItsFunctions) {
  using namespace openssl;
  const auto* method = TLS_client_method();
  auto* context = SSL_CTX_new(method);
  ASSERT_NE(context, nullptr);
  EXPECT_EQ(SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION), 1) << "a macro over SSL_CTX_ctrl";
  SSL_CTX_free(context);
}

TEST(OpensslLibrary, NamesTheFunctionThatIsMissing) {
  EXPECT_THAT(test::refusal<std::runtime_error>([] { openssl::address_of("SSL_of_nobody"); }),
              HasSubstr("libssl.so.3 has no function SSL_of_nobody"));
  EXPECT_THAT(test::refusal<std::runtime_error>([] { openssl::address_of("EVP_of_nobody"); }),
              HasSubstr("libcrypto.so.3 has no function EVP_of_nobody"));
}

TEST(Sha256, IsThatOfTheStandard) {  // FIPS 180-4, examples
  EXPECT_EQ(sha256("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

}  // namespace
}  // namespace berth
