#include "server/relays/relay_state.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "boost/json.hpp"
#include "common/files.h"

namespace trunkline::relays {
namespace {

namespace json = boost::json;

constexpr char kName[] = "relays.json";
constexpr std::size_t kFileBytesMax = 64 * 1024;
// A tag lives as long as the longest call; what is longer ago is in no live tag.
constexpr std::int64_t kTagLifeSeconds = 25 * 3600;

const json::value* Member(const json::value& value, const char* name) {
  return value.is_object() ? value.as_object().if_contains(name) : nullptr;
}

const json::array* ArrayIn(const json::value& value, const char* name) {
  const json::value* const member = Member(value, name);
  return member != nullptr ? member->if_array() : nullptr;
}

bool IsSecret(const json::string& text) {
  return text.size() == 64 && std::ranges::all_of(text, absl::ascii_isxdigit);
}

std::int64_t NumberIn(const json::value& value, const char* name, std::int64_t otherwise) {
  const json::value* const member = Member(value, name);
  return member != nullptr && member->is_int64() ? member->as_int64() : otherwise;
}

}  // namespace

absl::StatusOr<RelayState> RelayState::Load(std::string data_dir, ByteView shared_secret) {
  RelayState state(std::move(data_dir), shared_secret);
  const auto text = ReadIfThere(absl::StrCat(state.data_dir_, "/", kName), kFileBytesMax);
  if (!text.ok()) return text.status();
  if (!*text) return state;
  const absl::Status status = state.Read(**text);
  if (!status.ok()) {
    return absl::DataLossError(
        absl::StrCat(state.data_dir_, "/", kName, ": ", std::string(status.message())));
  }
  return state;
}

absl::Status RelayState::Read(const std::string& text) {
  const absl::Status foreign = absl::DataLossError("isn't a file of ours");
  json::error_code error;
  const json::value whole = json::parse(text, error);
  if (error) return foreign;
  const json::array* const drained = ArrayIn(whole, "drained");
  const json::array* const secrets = ArrayIn(whole, "tag_secrets");
  if (drained == nullptr || secrets == nullptr) return foreign;
  for (const json::value& id : *drained) {
    if (!id.is_int64()) return foreign;
    drained_.insert(id.as_int64());
  }
  for (const json::value& one : *secrets) {
    Secret secret;
    const std::int64_t id = NumberIn(one, "key_id", -1);
    const json::value* const hex = Member(one, "secret");
    const bool fits = id >= 0 && id < static_cast<std::int64_t>(relay::kTagKeyIds) &&
                      hex != nullptr && hex->is_string() && IsSecret(hex->as_string());
    const bool again = std::ranges::count(secrets_, id, [](const Secret& s) { return s.id; }) > 0;
    if (!fits || again) return foreign;
    const json::string& digits = hex->as_string();
    const std::string bytes = absl::HexStringToBytes(absl::string_view(digits.data(), 64));
    secret.id = static_cast<std::uint8_t>(id);
    std::ranges::copy(AsBytes(bytes), secret.bytes.mutable_view().begin());
    secret.since_unix = NumberIn(one, "since", 0);
    secrets_.push_back(secret);
  }
  return absl::OkStatus();
}

absl::Status RelayState::Write() const {
  json::array drained(drained_.begin(), drained_.end());
  json::array secrets;
  for (const Secret& secret : secrets_) {
    secrets.push_back(json::object{{"key_id", secret.id},
                                   {"secret", ToHex(secret.bytes.view())},
                                   {"since", secret.since_unix}});
  }
  const json::object whole{{"drained", std::move(drained)}, {"tag_secrets", std::move(secrets)}};
  return WriteAtomically(data_dir_, kName, json::serialize(whole) + "\n", 0600);
}

absl::Status RelayState::SetDrained(std::int64_t id, bool drained) {
  const bool changed = drained ? drained_.insert(id).second : drained_.erase(id) > 0;
  if (!changed) return absl::OkStatus();
  const absl::Status status = Write();
  if (status.ok()) return status;
  drained ? (void)drained_.erase(id) : (void)drained_.insert(id);
  return status;
}

absl::Status RelayState::Rotate(WallTime now, Entropy& entropy) {
  Secret next;
  next.id = static_cast<std::uint8_t>((current() + 1u) % relay::kTagKeyIds);
  next.since_unix = UnixSeconds(now);
  entropy.Fill(next.bytes.mutable_view());
  const std::vector<Secret> before = secrets_;
  const auto same = std::ranges::find(secrets_, next.id, &Secret::id);
  // Each was minted with until the one after it came; the shared one came before all.
  const bool shared_has_it = next.id == 0 && same == secrets_.end() && !secrets_.empty();
  const auto after = shared_has_it            ? secrets_.begin()
                     : same == secrets_.end() ? secrets_.end()
                                              : same + 1;
  if (after != secrets_.end() && next.since_unix - after->since_unix < kTagLifeSeconds) {
    return absl::FailedPreconditionError(
        absl::StrCat("key id ", next.id, " may still be in tags of live calls; there can be ",
                     relay::kTagKeyIds - 1, " rotations in 25 hours"));
  }
  if (same != secrets_.end()) secrets_.erase(same);
  secrets_.push_back(next);
  const absl::Status status = Write();
  if (!status.ok()) secrets_ = before;
  return status;
}

TagKeys RelayState::KeysOf(std::uint32_t relay) const {
  TagKeys keys;
  const bool shared_replaced = std::ranges::count(secrets_, 0, &Secret::id) > 0;
  if (!shared_replaced) keys.emplace_back(0, relay::DeriveTagKey(shared_, relay, 0));
  for (const Secret& secret : secrets_) {
    keys.emplace_back(secret.id, relay::DeriveTagKey(secret.bytes.view(), relay, secret.id));
  }
  return keys;
}

}  // namespace trunkline::relays
