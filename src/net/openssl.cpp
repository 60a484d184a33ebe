#include "net/openssl.h"

#include <array>

#include "text/printable.h"

namespace berth::net {

std::string openssl_problem() {
  const auto error = ERR_peek_last_error();
  ERR_clear_error();
  const char* reason = ERR_reason_error_string(error);
  return reason == nullptr ? "an unknown error" : reason;
}

std::string name_in(const X509& certificate) {
  std::array<char, 256> name{};
  auto* subject = X509_get_subject_name(&certificate);
  if (subject == nullptr || X509_NAME_get_text_by_NID(subject, NID_commonName, name.data(), name.size()) < 0) return "";
  return printable(name.data(), 64);
}

}  // namespace berth::net
