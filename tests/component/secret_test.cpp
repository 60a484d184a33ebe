#include "berth/secret.h"
#include "refusal.h"

#include <gmock/gmock.h>

#include <cstdlib>

namespace berth {
namespace {

using test::refusal;
using testing::HasSubstr;

TEST(Secret, TakesTheFirstVariableThatIsSet) {
  setenv("BERTH_TEST_TOKEN_B", "second", 1);
  unsetenv("BERTH_TEST_TOKEN_A");
  const auto secret = Secret::from_env_var({"BERTH_TEST_TOKEN_A", "BERTH_TEST_TOKEN_B"});
  EXPECT_EQ(secret.resolve_value(), "second");
  setenv("BERTH_TEST_TOKEN_A", "first", 1);
  EXPECT_EQ(secret.resolve_value(), "first");
}

TEST(Secret, WithoutItsVariablesIsAnErrorWhenStrictAndAbsentOtherwise) {
  EXPECT_EQ(Secret::from_env_var({"BERTH_TEST_NONE"}, false).resolve_value(), std::nullopt);
  EXPECT_EQ(refusal([] { (void)Secret::from_env_var({"BERTH_TEST_NONE"}).resolve_value(); }),
            "None of the following authentication environment variables are set: ('BERTH_TEST_NONE',)");
  EXPECT_EQ(refusal([] {
              (void)Secret::from_env_var({"BERTH_TEST_NONE", "BERTH_TEST_NO"}).resolve_value();
            }),
            "None of the following authentication environment variables are set: ('BERTH_TEST_NONE', 'BERTH_TEST_NO')");
}

TEST(Secret, OfVariablesComesBackFromItsDictionary) {
  const auto secret = Secret::from_env_var({"HF_API_TOKEN", "HF_TOKEN"}, false);
  EXPECT_EQ(secret.to_dict().to_json(),
            R"({"type": "env_var", "env_vars": ["HF_API_TOKEN", "HF_TOKEN"], "strict": false})");
  EXPECT_EQ(Secret::from_dict(secret.to_dict()), secret);
}

TEST(Secret, GivenByValueIsNeverWrittenDown) {
  const auto secret = Secret::from_token("hf_secret");
  EXPECT_EQ(secret.resolve_value(), "hf_secret");
  const auto message = refusal([&] { (void)secret.to_dict(); });
  EXPECT_EQ(message, "Cannot serialize token-based secret. Use an alternative secret type like environment variables.");
  EXPECT_THAT(refusal([] {
                Secret::from_dict(Value::Object{{"type", "token"}, {"token", "x"}});
              }),
              HasSubstr("Cannot deserialize token-based secret"));
}

TEST(Secret, RefusesWhatIsNone) {
  EXPECT_EQ(refusal([] { Secret::from_token(""); }), "Authentication token cannot be empty.");
  EXPECT_EQ(refusal([] { Secret::from_env_var({}); }),
            "One or more environment variables must be provided for the secret.");
  EXPECT_EQ(refusal([] { Secret::from_dict(Value::Object{{"type", "vault"}}); }), "Unknown secret type 'vault'");
  EXPECT_NE(refusal([] { Secret::from_dict(Value(3)); }), "was accepted");
  EXPECT_NE(refusal([] { Secret::from_dict(Value::Object{{"type", "env_var"}}); }), "was accepted");
  EXPECT_NE(refusal([] {
              Secret::from_dict(Value::Object{{"type", "env_var"}, {"env_vars", "HF_TOKEN"}, {"strict", true}});
            }),
            "was accepted");
}

}  // namespace
}  // namespace berth
