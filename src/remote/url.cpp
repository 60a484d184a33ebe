#include "remote/url.h"

#include <fmt/format.h>

#include <memory>
#include <stdexcept>

#include "system/curl_library.h"
#include "text/printable.h"

namespace berth {
namespace {

using Handle = std::unique_ptr<CURLU, decltype([](CURLU* url) { curl().url_cleanup(url); })>;

std::string taken(char* text) {
  if (text == nullptr) return {};
  std::string copy = text;
  curl().free(text);
  return copy;
}

std::string part(CURLU* url, CURLUPart which, unsigned flags = 0) {
  char* text = nullptr;
  curl().url_get(url, which, &text, flags);
  return taken(text);
}

}  // namespace

Url Url::parse(const std::string& text) {
  const Handle url(curl().url());
  if (const auto problem = curl().url_set(url.get(), CURLUPART_URL, text.c_str(), CURLU_NON_SUPPORT_SCHEME))
    throw std::invalid_argument(fmt::format("The address of the service is not valid ({}); one is 'https://host/path'",
                                            curl().url_strerror(problem)));
  const auto scheme = part(url.get(), CURLUPART_SCHEME);
  if (scheme != "http" && scheme != "https")
    throw std::invalid_argument(
        fmt::format("The address of the service starts with {}; it has to be https or http", in_quotes(scheme)));
  Url result;
  result.text = part(url.get(), CURLUPART_URL);
  result.origin = fmt::format("{}://{}:{}", scheme, part(url.get(), CURLUPART_HOST),
                              part(url.get(), CURLUPART_PORT, CURLU_DEFAULT_PORT));
  for (const auto secret : {CURLUPART_USER, CURLUPART_PASSWORD, CURLUPART_OPTIONS, CURLUPART_QUERY, CURLUPART_FRAGMENT})
    curl().url_set(url.get(), secret, nullptr, 0);
  result.shown = printable(part(url.get(), CURLUPART_URL));
  return result;
}

std::string percent_encoded(const std::string& text) {
  return text.empty() ? text : taken(curl().easy_escape(nullptr, text.data(), static_cast<int>(text.size())));
}

}  // namespace berth
