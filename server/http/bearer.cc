#include "server/http/bearer.h"

#include <array>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "common/entropy.h"
#include "common/files.h"
#include "common/secret.h"

namespace trunkline::http {
namespace {

constexpr std::string_view kScheme = "Bearer ";
constexpr std::size_t kTokenBytes = 24, kTokenFileBytesMax = 1024;

}  // namespace

Handler WithBearer(std::string token, Handler handler) {
  return [token = std::move(token), handler = std::move(handler)](const Request& request,
                                                                  const Responder& respond) {
    const std::string_view header = request.authorization;
    const bool is_bearer = header.starts_with(kScheme);
    const std::string_view shown = is_bearer ? header.substr(kScheme.size()) : std::string_view();
    if (SecretEquals(AsBytes(shown), AsBytes(token))) return handler(request, respond);
    respond(ErrorAnswer(401, "unauthorized", "Authorization: Bearer TOKEN is needed"));
  };
}

absl::StatusOr<std::string> LoadOrMakeToken(const std::string& directory, const std::string& name) {
  const auto text = ReadIfThere(absl::StrCat(directory, "/", name), kTokenFileBytesMax);
  if (!text.ok()) return text.status();
  std::string token = text->value_or("");
  absl::StripTrailingAsciiWhitespace(&token);
  if (!token.empty()) return token;
  if (*text) return absl::DataLossError(absl::StrCat(directory, "/", name, ": holds no token"));
  std::array<std::uint8_t, kTokenBytes> bytes{};
  SystemEntropy().Fill(bytes);
  token = ToHex(bytes);
  const absl::Status written = WriteAtomically(directory, name, token + "\n", 0600);
  if (!written.ok()) return written;
  return token;
}

}  // namespace trunkline::http
