// [[relay]] tables and --relay flags.
#include <algorithm>
#include <cstdint>
#include <functional>
#include <iterator>
#include <optional>

#include "absl/strings/str_cat.h"
#include "boost/asio/ip/address.hpp"
#include "common/config/secret_file.h"
#include "common/config/values.h"
#include "common/files.h"
#include "server/config_keys.h"
#include "server/picker/fleet.h"

namespace trunkline {
namespace {

constexpr std::size_t kRelaysMax = 64;
constexpr std::size_t kTurnSecretBytesMax = 1024, kTurnFileBytesMax = 4096;

const std::string kFieldNames[] = {"id",  "kind",   "ip",     "ipv6",       "port",
                                   "tcp", "region", "domain", "secret_file"};

absl::Status In(const char* field, const absl::Status& status) {
  return absl::InvalidArgumentError(
      absl::StrCat("relay.", field, ": ", std::string(status.message())));
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
    if (text == nullptr)
      return absl::InvalidArgumentError(absl::StrCat("relay.", name, ": is missing"));
    const absl::Status status = trunkline::ReadNumber(*text, range, out);
    return status.ok() ? status : In(name, status);
  }
  absl::Status ReadAddress(const char* name, bool v6, std::string& out) const {
    const std::string* text = Find(name);
    if (text == nullptr) return absl::OkStatus();
    boost::system::error_code error;
    const auto address = boost::asio::ip::make_address(*text, error);
    if (error || address.is_v6() != v6) {
      return absl::InvalidArgumentError(
          absl::StrCat("relay.", name, ": \"", *text, "\" is not an address"));
    }
    out = address.to_string();
    return absl::OkStatus();
  }

 private:
  const TableList::Fields& fields_;
};

absl::Status ReadTagSecret(const std::string& path, std::string& out) {
  Bytes secret;
  const absl::Status status = ReadSecretFile(path, secret);
  if (!status.ok()) return In("secret_file", status);
  out = AsText(secret);
  return absl::OkStatus();
}

absl::Status ReadSecret(const RelayReader& reader, book::RelayConfig& relay) {
  const std::string* path = reader.Find("secret_file");
  if (path == nullptr) {
    return relay.turn
               ? absl::InvalidArgumentError("relay.secret_file: is missing, kind turn needs one")
               : absl::OkStatus();
  }
  if (relay.stun) return absl::InvalidArgumentError("relay.secret_file: kind stun has no secret");
  if (!relay.turn) return ReadTagSecret(*path, relay.tag_secret);
  const absl::Status status = ReadTurnSecret(*path, relay.turn_secret);
  return status.ok() ? status : In("secret_file", status);
}

absl::Status ReadName(const RelayReader& reader, const char* name, std::string& out) {
  const std::string* const text = reader.Find(name);
  if (text == nullptr) return absl::OkStatus();
  if (text->size() > picker::kNameBytesMax) {
    return absl::InvalidArgumentError(
        absl::StrCat("relay.", name, ": is longer than ", picker::kNameBytesMax, " bytes"));
  }
  out = *text;
  return absl::OkStatus();
}

absl::Status ReadKind(const RelayReader& reader, book::RelayConfig& relay) {
  using Kind = book::Connection::Kind;
  const std::string* kind = reader.Find("kind");
  if (kind == nullptr) return absl::InvalidArgumentError("relay.kind: is missing");
  relay.turn = *kind == "turn";
  relay.stun = *kind == "stun";
  relay.kind = relay.turn || relay.stun ? Kind::kWebrtc : Kind::kReflector;
  if (relay.kind == Kind::kWebrtc || *kind == "reflector") return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("relay.kind: \"", *kind, "\" is none of reflector, turn, stun"));
}

absl::Status CheckNames(const TableList::Fields& fields) {
  for (const auto& [name, value] : fields) {
    if (std::find(std::begin(kFieldNames), std::end(kFieldNames), name) == std::end(kFieldNames)) {
      return absl::InvalidArgumentError(
          absl::StrCat("relay.", name, ": unknown key", DidYouMean(name, kFieldNames)));
    }
  }
  return absl::OkStatus();
}

absl::Status ReadRelay(const RelayReader& reader, book::RelayConfig& relay) {
  std::int64_t port = 0;
  for (const absl::Status& status :
       {reader.ReadNumber("id", {1, book::kRelayIdMax}, relay.id), ReadKind(reader, relay),
        reader.ReadAddress("ip", false, relay.ip), reader.ReadAddress("ipv6", true, relay.ipv6),
        reader.ReadNumber("port", {1, 65535}, port), ReadName(reader, "region", relay.region),
        ReadName(reader, "domain", relay.domain)}) {
    if (!status.ok()) return status;
  }
  relay.port = static_cast<std::int32_t>(port);
  if (relay.ip.empty() && relay.ipv6.empty())
    return absl::InvalidArgumentError("relay.ip: is missing");
  if (const std::string* tcp = reader.Find("tcp")) {
    const absl::Status status = ReadBool(*tcp, relay.tcp);
    if (!status.ok()) return In("tcp", status);
  }
  return ReadSecret(reader, relay);
}

// Clients number a call's entries by id and find them by address.
absl::Status CheckUnique(const book::RelayConfig& relay,
                         const std::vector<book::RelayConfig>& others) {
  for (const book::RelayConfig& other : others) {
    if (other.id == relay.id) {
      return absl::InvalidArgumentError(
          absl::StrCat("relay.id: ", relay.id, " is there twice, first at ", other.where));
    }
    if (!picker::SameAddress(book::EntryOf(relay), book::EntryOf(other))) continue;
    return absl::InvalidArgumentError(
        absl::StrCat("relay.port: its address is that of relay ", other.id, " at ", other.where));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status ReadTurnSecret(const std::string& path, std::string& out) {
  const auto text = ReadIfThere(path, kTurnFileBytesMax);
  out = text.ok() ? text->value_or("") : "";
  while (!out.empty() && (out.back() == '\n' || out.back() == '\r')) out.pop_back();
  if (out.empty() || out.size() > kTurnSecretBytesMax) {
    return absl::InvalidArgumentError(absl::StrCat(path, " can't be read or holds no secret"));
  }
  return absl::OkStatus();
}

absl::Status AddTurnFlag(Config& config) {
  if (config.turn.port == 0) return absl::InvalidArgumentError("turn: port 0 is none");
  book::RelayConfig turn;
  turn.kind = book::Connection::Kind::kWebrtc;
  turn.id = kTurnFlagId;
  turn.turn = true;
  turn.where = "--turn";
  turn.port = config.turn.port;
  (config.turn.host.find(':') == std::string::npos ? turn.ip : turn.ipv6) = config.turn.host;
  turn.turn_secret = config.turn_secret;
  book::RelayConfig stun = turn;
  stun.id = kTurnFlagId + 1;
  stun.turn = false;
  stun.stun = true;
  stun.turn_secret.clear();
  auto& relays = config.node.book.relays;
  for (book::RelayConfig& entry : {std::ref(turn), std::ref(stun)}) {
    const absl::Status status = CheckUnique(entry, relays);
    if (!status.ok()) return status;
    relays.push_back(std::move(entry));
  }
  return absl::OkStatus();
}

absl::Status AddRelay(const TableList::Fields& fields, const std::string& where, Config& config) {
  auto& relays = config.node.book.relays;
  if (relays.size() >= kRelaysMax)
    return absl::InvalidArgumentError(absl::StrCat("relay: at most ", kRelaysMax));
  absl::Status status = CheckNames(fields);
  if (!status.ok()) return status;
  book::RelayConfig relay;
  status = ReadRelay(RelayReader(fields), relay);
  if (!status.ok()) return status;
  relay.where = where;
  status = CheckUnique(relay, relays);
  if (!status.ok()) return status;
  relays.push_back(std::move(relay));
  return absl::OkStatus();
}

}  // namespace trunkline
