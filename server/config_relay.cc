// [[relay]] tables and --relay flags.
#include <cstdint>
#include <fstream>
#include <iterator>

#include "absl/strings/str_cat.h"
#include "boost/asio/ip/address.hpp"
#include "common/config/values.h"
#include "server/config_keys.h"
#include "server/picker/limits.h"

namespace trunkline {
namespace {

constexpr std::size_t kRelaysMax = 64;
constexpr std::size_t kSecretBytesMax = 1024;

const std::string kFieldNames[] = {"id", "kind", "ip", "ipv6", "port", "tcp", "secret_file"};

absl::Status Wrong(const std::string& message) {
  return absl::InvalidArgumentError(message);
}

absl::Status In(const char* field, const absl::Status& status) {
  return Wrong(absl::StrCat("relay.", field, ": ", std::string(status.message())));
}

class RelayReader {
 public:
  explicit RelayReader(const TableList::Fields& fields) : fields_(fields) {}

  const std::string* Find(const char* name) const {
    const auto it = fields_.find(name);
    return it == fields_.end() ? nullptr : &it->second;
  }
  absl::Status ReadNumber(const char* name, Range range, std::int64_t& out) const {
    const std::string* text = Find(name);
    if (text == nullptr) return Wrong(absl::StrCat("relay.", name, ": is missing"));
    const absl::Status status = trunkline::ReadNumber(*text, range, out);
    return status.ok() ? status : In(name, status);
  }
  absl::Status ReadAddress(const char* name, bool v6, std::string& out) const {
    const std::string* text = Find(name);
    if (text == nullptr) return absl::OkStatus();
    boost::system::error_code error;
    const auto address = boost::asio::ip::make_address(*text, error);
    if (error || address.is_v6() != v6) {
      return Wrong(absl::StrCat("relay.", name, ": \"", *text, "\" is not an address"));
    }
    out = address.to_string();
    return absl::OkStatus();
  }

 private:
  const TableList::Fields& fields_;
};

absl::Status ReadSecret(const RelayReader& reader, bool wanted, std::string& out) {
  const std::string* path = reader.Find("secret_file");
  if (path == nullptr) {
    return wanted ? Wrong("relay.secret_file: is missing, kind turn needs one") : absl::OkStatus();
  }
  if (!wanted) return Wrong("relay.secret_file: only kind turn has a secret");
  std::ifstream file(*path);
  out.assign(std::istreambuf_iterator<char>(file), {});
  while (!out.empty() && (out.back() == '\n' || out.back() == '\r')) out.pop_back();
  if (!file || out.empty() || out.size() > kSecretBytesMax) {
    return Wrong(absl::StrCat("relay.secret_file: ", *path, " can't be read or holds no secret"));
  }
  return absl::OkStatus();
}

absl::Status ReadKind(const RelayReader& reader, book::RelayConfig& relay) {
  using Kind = book::Connection::Kind;
  const std::string* kind = reader.Find("kind");
  if (kind == nullptr) return Wrong("relay.kind: is missing");
  relay.turn = *kind == "turn";
  relay.stun = *kind == "stun";
  relay.kind = relay.turn || relay.stun ? Kind::kWebrtc : Kind::kReflector;
  if (relay.kind == Kind::kWebrtc || *kind == "reflector") return absl::OkStatus();
  return Wrong(absl::StrCat("relay.kind: \"", *kind, "\" is none of reflector, turn, stun"));
}

absl::Status CheckNames(const TableList::Fields& fields) {
  for (const auto& [name, value] : fields) {
    if (std::find(std::begin(kFieldNames), std::end(kFieldNames), name) == std::end(kFieldNames)) {
      return Wrong(absl::StrCat("relay.", name, ": unknown key", DidYouMean(name, kFieldNames)));
    }
  }
  return absl::OkStatus();
}

absl::Status ReadRelay(const RelayReader& reader, book::RelayConfig& relay) {
  std::int64_t port = 0;
  for (const absl::Status& status :
       {reader.ReadNumber("id", {1, picker::kEntryIdMax}, relay.id), ReadKind(reader, relay),
        reader.ReadAddress("ip", false, relay.ip), reader.ReadAddress("ipv6", true, relay.ipv6),
        reader.ReadNumber("port", {1, 65535}, port)}) {
    if (!status.ok()) return status;
  }
  relay.port = static_cast<std::int32_t>(port);
  if (relay.ip.empty() && relay.ipv6.empty()) return Wrong("relay.ip: is missing");
  if (const std::string* tcp = reader.Find("tcp")) {
    const absl::Status status = ReadBool(*tcp, relay.tcp);
    if (!status.ok()) return In("tcp", status);
  }
  return ReadSecret(reader, relay.turn, relay.turn_secret);
}

}  // namespace

absl::Status AddRelay(const TableList::Fields& fields, Config& config) {
  auto& relays = config.node.book.relays;
  if (relays.size() >= kRelaysMax) return Wrong(absl::StrCat("relay: at most ", kRelaysMax));
  absl::Status status = CheckNames(fields);
  if (!status.ok()) return status;
  book::RelayConfig relay;
  status = ReadRelay(RelayReader(fields), relay);
  if (!status.ok()) return status;
  for (const book::RelayConfig& other : relays) {
    if (other.id == relay.id) return Wrong(absl::StrCat("relay.id: ", relay.id, " is there twice"));
  }
  relays.push_back(std::move(relay));
  return absl::OkStatus();
}

}  // namespace trunkline
