#include "remote/http.h"

#include <gmock/gmock.h>

#include <chrono>
#include <future>
#include <thread>

#include "berth/error.h"
#include "open_sockets.h"
#include "remote/fault_server.h"
#include "test_model.h"

namespace berth {
namespace {
using std::chrono::steady_clock;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

const std::string http_key = "sk-berth-0123456789";

double seconds_since(steady_clock::time_point start) {
  return std::chrono::duration<double>(steady_clock::now() - start).count();
}

class Http : public testing::Test {
 protected:
  HttpRequest request(const std::string& path) const {
    return {.url = server.url(path),
            .headers = {{"Authorization", "Bearer " + http_key}, {"api-key", http_key}},
            .body = R"({"model": "m"})",
            .secrets = {http_key}};
  }
  HttpRequest streaming(const std::string& path, std::string& text) const {
    auto made = request(path);
    made.body = R"({"model": "m", "stream": true})";
    made.on_data = [&text](std::string_view data) { text += data; };
    return made;
  }
  std::string post(const std::string& path, HttpOptions options = {.max_retries = 0}) const {
    return HttpClient(std::move(options)).post(request(path));
  }
  RemoteError failure(const HttpRequest& request, HttpOptions options = {.max_retries = 0}) const {
    try {
      HttpClient(std::move(options)).post(request);
    } catch (const RemoteError& error) {
      return error;
    }
    return RemoteError("it went well");
  }
  RemoteError failure(const std::string& path, HttpOptions options = {.max_retries = 0}) const {
    return failure(request(path), std::move(options));
  }

  test::FaultServer server;
};

TEST_F(Http, SendsTheHeadersAndTheBody) {
  EXPECT_THAT(post("/ok"), HasSubstr("Hello"));
  const auto asked = server.log().at(0);
  EXPECT_EQ(asked.find("body")->as_string(), R"({"model": "m"})");
  EXPECT_EQ(asked.find("headers")->find("authorization")->as_string(), "Bearer " + http_key);
  EXPECT_EQ(asked.find("headers")->find("content-type")->as_string(), "application/json");
}

TEST_F(Http, IsNotConnectedToProgramsThatAreStartedMeanwhile) {
  const int before = test::connections_for_other_programs();
  std::string text;
  auto asked = streaming("/ok", text);
  int meanwhile = -1;
  asked.on_data = [&](std::string_view) { meanwhile = test::connections_for_other_programs(); };
  HttpClient({.max_retries = 0}).post(asked);
  EXPECT_EQ(meanwhile, before);
}

TEST_F(Http, TellsTheStatusAndTheMessageOfAnError) {
  const auto error = failure("/status/401");
  EXPECT_EQ(error.what(), server.url("/status/401") + ": Error code: 401 - status 401");
  EXPECT_EQ(error.status(), 401);
  EXPECT_EQ(failure("/status/404").status(), 404);
}

TEST_F(Http, DoesNotTryAgainWhatCannotGetBetter) {
  EXPECT_EQ(failure("/status/401", {}).status(), 401);
  EXPECT_EQ(server.log().size(), 1);
}

TEST_F(Http, TriesAgainUntilItWorks) {
  for (const auto* status : {"408", "409", "429", "500", "503"})
    EXPECT_THAT(post("/flaky/" + std::string(status) + "/1/0.01", {}), HasSubstr("Hello")) << status;
  EXPECT_EQ(server.log().size(), 10);
}

TEST_F(Http, TriesAgainAsOftenAsAllowed) {
  const auto error = failure("/flaky/500/9/0.01", {.max_retries = 2});
  EXPECT_EQ(error.status(), 500);
  EXPECT_THAT(error.what(), HasSubstr("not now (tried 3 times)"));
  EXPECT_EQ(server.log().size(), 3);
}

TEST_F(Http, WaitsAsLongAsTheServerAsks) {
  const auto start = steady_clock::now();
  post("/flaky/429/1/1.2", {});
  EXPECT_GE(seconds_since(start), 1.2);
}

TEST_F(Http, WaitsUntilTheDateThatTheServerNames) {
  const auto start = steady_clock::now();
  post("/flaky/429/1/date", {});  // two seconds from now, in whole seconds
  EXPECT_GE(seconds_since(start), 0.9);
}

TEST_F(Http, WaitsABitWhereTheServerDoesNotSayHowLong) {
  const auto start = steady_clock::now();
  post("/flaky/429/2", {});
  EXPECT_GE(seconds_since(start), 0.375 + 0.75);
}

TEST_F(Http, TriesAgainAfterAConnectionThatWasDropped) { EXPECT_THAT(post("/dropped/1", {}), HasSubstr("Hello")); }

TEST_F(Http, TellsThatNobodyListens) {
  auto nobody = request("/ok");
  nobody.url = "http://127.0.0.1:1/v1";
  const auto error = failure(nobody, {.max_retries = 1});
  EXPECT_THAT(error.what(),
              AllOf(StartsWith("http://127.0.0.1:1/v1: Connection error: "), HasSubstr("(tried 2 times)")));
  EXPECT_EQ(error.status(), std::nullopt);
}

TEST_F(Http, DoesNotWaitForAServerThatNeverAnswers) {
  const auto start = steady_clock::now();
  EXPECT_THAT(failure("/silent", {.timeout = 0.3, .max_retries = 0}).what(),
              HasSubstr("Request timed out: nothing came for 0.3 s"));
  EXPECT_LT(seconds_since(start), 5);
}

TEST_F(Http, GivesUpAStreamThatStandsStill) {
  std::string text;
  EXPECT_THAT(failure(streaming("/silent_in_the_middle", text), {.timeout = 0.3}).what(),
              HasSubstr("Request timed out"));
  EXPECT_THAT(text, HasSubstr("Grüße"));
  EXPECT_EQ(server.log().size(), 1) << "what was handed out cannot be taken back";
}

TEST_F(Http, DoesNotGiveUpAStreamThatIsLongButMoves) {
  std::string text;
  HttpClient({.timeout = 0.5}).post(streaming("/slow", text));
  EXPECT_THAT(text, HasSubstr("[DONE]"));
}

TEST_F(Http, TellsThatAStreamWasCutOff) {
  std::string text;
  EXPECT_THAT(failure(streaming("/cut", text), {}).what(), HasSubstr("Connection error"));
  EXPECT_THAT(text, HasSubstr("Grüße"));
  EXPECT_EQ(server.log().size(), 1);
}

TEST_F(Http, RefusesAnAnswerWithoutMeasure) {
  EXPECT_THAT(failure("/big", {}).what(), HasSubstr("The answer is longer than 64 MiB"));
  std::string ignored;
  auto stream = request("/big");
  std::size_t most = 0;
  stream.on_data = [&](std::string_view data) { most += data.size(); };
  EXPECT_THAT(failure(stream, {}).what(), HasSubstr("The answer is longer than 64 MiB"));
  EXPECT_LE(most, HttpOptions::max_answer_bytes);
  EXPECT_THAT(failure("/many_headers").what(), Not(HasSubstr("went well")));
}

TEST_F(Http, FollowsARedirectOnTheSameHostWithTheKey) {
  EXPECT_THAT(post("/redirect/307/here/ok"), HasSubstr("Hello"));
  const auto asked = server.log().at(1);
  EXPECT_EQ(asked.find("headers")->find("authorization")->as_string(), "Bearer " + http_key);
  EXPECT_EQ(asked.find("body")->as_string(), R"({"model": "m"})");
}

TEST_F(Http, DoesNotCarryTheKeyToAnotherHost) {
  for (const auto* status : {"307", "308"}) post("/redirect/" + std::string(status) + "/other/elsewhere");
  EXPECT_EQ(server.log().size(), 4);
  for (const auto& asked : server.log())
    EXPECT_EQ(asked.to_json().find(http_key) == std::string::npos, asked.find("path")->as_string() == "/elsewhere");
}

TEST_F(Http, DoesNotFollowWhatIsNoPlaceForARequest) {
  EXPECT_THAT(failure("/redirect/302/other/elsewhere").what(), HasSubstr("Error code: 302"));
  EXPECT_THAT(failure("/redirect_without_end").what(), HasSubstr("redirects without end"));
  EXPECT_THAT(failure("/redirect_to_file").what(), HasSubstr("has to be https or http"));
  EXPECT_THAT(failure("/redirect/307/here/ok", {.follow_redirects = false}).what(), HasSubstr("are not followed"));
}

TEST_F(Http, NeverShowsAKeyThatTheServerSendsBack) {
  for (const auto* path : {"/echo", "/echo/text"})
    EXPECT_THAT(failure(path).what(), AllOf(HasSubstr("Bearer ***"), Not(HasSubstr(http_key)))) << path;
}

TEST_F(Http, NeverShowsWhatStandsInTheAddressBesideThePath) {
  auto secret = request("/status/400?code=" + http_key);
  secret.url.insert(secret.url.find("127"), "user:" + http_key + "@");
  EXPECT_EQ(failure(secret).what(), server.url("/status/400") + ": Error code: 400 - status 400");
}

TEST_F(Http, RefusesAHeaderThatIsTwo) {
  auto smuggled = request("/ok");
  for (const auto& value : {http_key + "\n", http_key + "\r\nX-Admin: yes", std::string("\0", 1)}) {
    smuggled.headers = {{"Authorization", value}};
    try {
      HttpClient({}).post(smuggled);
      ADD_FAILURE() << "was sent";
    } catch (const std::invalid_argument& problem) {
      EXPECT_THAT(problem.what(), AllOf(HasSubstr("'Authorization'"), Not(HasSubstr(http_key))));
    }
  }
  smuggled.headers = {{"X\nY", "value"}};
  EXPECT_THROW(HttpClient({}).post(smuggled), std::invalid_argument);
  EXPECT_TRUE(server.log().empty());
}

TEST_F(Http, RefusesWhatIsNoAddress) {
  for (const auto* url : {"", "not a url", "ftp://host/x", "file:///etc/passwd", "http://", "https://host:port/"})
    EXPECT_THROW(HttpClient({}).post({.url = url}), std::invalid_argument) << url;
}

TEST_F(Http, EndsAtOnceWhenItIsCancelled) {
  for (const auto* path : {"/silent", "/status/500"}) {  // while it waits for an answer, and before the next try
    std::stop_source stop;
    const std::jthread later([&] {
      std::this_thread::sleep_for(std::chrono::milliseconds(200));
      stop.request_stop();
    });
    const auto start = steady_clock::now();
    EXPECT_THROW(HttpClient({}).post(request(path), stop.get_token()), Cancelled) << path;
    EXPECT_LT(seconds_since(start), 2) << path;
  }
}

TEST_F(Http, HandsOnWhatTheReceiverThrows) {
  auto broken = request("/ok");
  broken.on_data = [](std::string_view) { throw std::logic_error("the receiver's own"); };
  EXPECT_THROW(HttpClient({}).post(broken), std::logic_error);
  EXPECT_EQ(server.log().size(), 1);
}

TEST_F(Http, ServesSeveralThreads) {
  const HttpClient client({});
  std::vector<std::future<std::string>> answers;
  for (int i = 0; i < 8; ++i)
    answers.push_back(std::async(std::launch::async, [&] { return client.post(request("/ok")); }));
  for (auto& answer : answers) EXPECT_THAT(answer.get(), HasSubstr("Hello"));
}

TEST(Https, TrustsNobodyWithoutReason) {
  const test::TemporaryFolder folder;
  const test::FaultServer server(folder.path());
  const HttpRequest request{.url = server.url("/ok"), .body = "{}"};
  try {
    HttpClient({}).post(request);
    ADD_FAILURE() << "was sent";
  } catch (const RemoteError& error) {
    EXPECT_THAT(error.what(), AllOf(HasSubstr("certificate"), Not(HasSubstr("tried"))));
  }
  const auto certificate = (folder.path() / "cert.pem").string();
  EXPECT_THAT(HttpClient({.ca_file = certificate}).post(request), HasSubstr("Hello"));
  EXPECT_THAT(HttpClient({.verify = false}).post(request), HasSubstr("Hello"));
  setenv("SSL_CERT_FILE", certificate.c_str(), 1);
  EXPECT_THAT(HttpClient({}).post(request), HasSubstr("Hello"));
  EXPECT_THROW(HttpClient({.trust_environment = false}).post(request), RemoteError);
  unsetenv("SSL_CERT_FILE");
}

TEST(Proxy, IsTheOneOfTheEnvironmentUnlessAnotherIsGiven) {
  const test::FaultServer proxy;
  const HttpRequest request{.url = "http://service.invalid/ok", .body = "{}"};
  setenv("http_proxy", proxy.url("").c_str(), 1);
  EXPECT_THAT(HttpClient({}).post(request), HasSubstr("Hello"));
  EXPECT_THROW(HttpClient({.max_retries = 0, .trust_environment = false}).post(request), RemoteError);
  setenv("no_proxy", ".invalid", 1);
  EXPECT_THROW(HttpClient({.max_retries = 0}).post(request), RemoteError);
  unsetenv("http_proxy");
  unsetenv("no_proxy");
  EXPECT_THAT(HttpClient({.proxy = proxy.url("")}).post(request), HasSubstr("Hello"));
}

}  // namespace
}  // namespace berth
