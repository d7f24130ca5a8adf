#include "tests/server/store/world.h"

#include <algorithm>
#include <map>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "server/book/apply.h"
#include "server/book/streams.h"
#include "tests/server/store/fields.h"

namespace trunkline::store {
namespace {

namespace fact = book::fact;

template <std::size_t... I>
std::vector<book::FactBody> FillAll(std::index_sequence<I...>) {
  std::vector<book::FactBody> bodies;
  Filler fill;
  const auto add = [&](auto body) {
    fill(body);
    bodies.emplace_back(std::move(body));
  };
  (add(std::variant_alternative_t<I, book::FactBody>()), ...);
  return bodies;
}

book::Protocol AnyProtocol() {
  return {true, true, 65, 92, {"2.4.4", "9.0.0"}};
}

// The entries of a table in the order of their keys.
template <class Key, class T, class Text>
std::string DescribeTable(const char* name, const book::Table<Key, T>& table, Text text) {
  std::map<Key, std::string> entries;
  table.ForEach([&](const Key& key, const T& value) { entries[key] = text(value); });
  std::string all = absl::StrCat(name, ":\n");
  for (const auto& [key, entry] : entries) all += absl::StrCat(Print(key), ": ", entry, "\n");
  return all;
}

std::string DescribeKey(const book::Key& key) {
  return absl::StrCat(key.version, " ", key.temporary, " ", key.user ? key.calls_disabled : false,
                      " ", Print(key.bound_to), Print(key.user), key.hash, " ", key.expires_ms, " ",
                      key.user ? key.signed_in_ms : 0, " ", key.dc, " ",
                      key.client ? Print(*key.client) : "-");
}

std::string DescribeCode(const book::Code& code) {
  std::string issued;
  // What no longer counts need not be remembered.
  for (const std::int64_t at_ms : code.issued_ms) {
    if (at_ms > code.issued_ms.back() - 3'600'000 + 300'000) absl::StrAppend(&issued, at_ms, ",");
  }
  return absl::StrCat(code.phone, " ", code.hash, " ", code.code, " ", code.expires_ms, " ",
                      code.deadline_ms, " ", code.tries, " ", code.live, " ", issued);
}

std::string DescribeCall(const book::CallRecord& record) {
  const call::Call& c = record.call;
  std::string text = absl::StrCat(Print(c.id), Print(c.caller), Print(c.callee),
                                  Print(c.caller_device), Print(c.callee_device),
                                  static_cast<int>(c.state), " ", static_cast<int>(c.reason), " ",
                                  c.video, c.established, " ", c.duration, " ", c.version, " ");
  for (const WallTime t : {c.requested, c.received, c.accepted, c.started, c.ended, c.deadline}) {
    absl::StrAppend(&text, UnixMillis(t), " ");
  }
  absl::StrAppend(&text, Print(record.caller_hash), Print(record.callee_hash), record.random_id,
                  " ", record.caller_pts, " ", record.callee_pts, " ", record.debugs, " ");
  if (record.offer) absl::StrAppend(&text, "offer ", Print(*record.offer));
  if (record.answer) absl::StrAppend(&text, "answer ", Print(*record.answer));
  if (record.keys) absl::StrAppend(&text, "keys ", Print(*record.keys));
  return text;
}

std::string DescribeMessage(const book::MessageView& m) {
  return absl::StrCat(m.id, " ", m.out, " ", Print(m.from_id), Print(m.peer_id), m.date, " ",
                      Print(m.call_id), m.video, " ", m.reason ? static_cast<int>(*m.reason) : -1,
                      " ", m.duration ? *m.duration : -1);
}

}  // namespace

std::vector<book::FactBody> EveryKind() {
  return FillAll(std::make_index_sequence<std::variant_size_v<book::FactBody>>());
}

std::string Describe(const book::FactBody& body) {
  return absl::StrCat(body.index(), " ",
                      std::visit([](const auto& value) { return Print(value); }, body));
}

std::string Describe(const book::Fact& fact) {
  return absl::StrCat(static_cast<int>(fact.stream), " ", fact.id, " ", fact.version, " ",
                      Describe(fact.body));
}

std::string Describe(const book::State& s) {
  const auto print = [](const auto& value) { return Print(value); };
  const auto number = [](std::int32_t value) { return absl::StrCat(value); };
  return absl::StrCat(
      DescribeTable("keys", s.keys, DescribeKey),
      DescribeTable("temporary keys", s.temp_keys, print),
      DescribeTable("codes", s.codes, DescribeCode),
      DescribeTable("phone versions", s.phone_versions, number),
      DescribeTable("users", s.users,
                    [](const book::User& u) {
                      return absl::StrCat(Print(u.access_hash), u.phone, " ", u.first_name, " ",
                                          u.last_name, " ", u.seen_ms, " ", u.bot, u.offline, " ",
                                          u.version);
                    }),
      DescribeTable("phones", s.users_by_phone, print),
      DescribeTable("bots", s.bots_by_token, print), DescribeTable("devices", s.devices, print),
      DescribeTable("contacts", s.contacts, print),
      DescribeTable("contact lists", s.contact_lists, print),
      DescribeTable("blocked", s.blocked, print),
      DescribeTable("privacy", s.privacy, [](const auto& rules) { return Print(*rules); }),
      DescribeTable("boxes", s.boxes, print),
      DescribeTable("messages", s.messages, DescribeMessage),
      DescribeTable("deletions", s.deletions, print), DescribeTable("calls", s.calls, DescribeCall),
      DescribeTable("live", s.live_calls, print), DescribeTable("random ids", s.random_ids, print),
      DescribeTable("ended", s.ended, print));
}

book::Fact World::Next() {
  now_ms_ += 1'000;
  book::FactBody body = Body();
  const book::StreamId stream = book::StreamOf(body);
  std::int32_t& version = versions_[{static_cast<int>(stream.stream), stream.id}];
  return {stream.stream, stream.id, ++version, std::move(body)};
}

std::vector<book::Fact> World::Next(int count) {
  std::vector<book::Fact> facts;
  for (int i = 0; i < count; ++i) facts.push_back(Next());
  return facts;
}

book::FactBody World::Body() {
  if (users_.size() < 3 || (users_.size() < 12 && Below(10) == 0)) return NewUser();
  if (keys_.size() < 4 || (keys_.size() < 30 && Below(10) == 0)) return NewKey();
  switch (Below(8)) {
    case 0:
      return OfKey();
    case 1:
      return OfUser();
    case 2:
      return OfPhone();
    case 3:
      return NewCall();
    default:
      return calls_.empty() ? NewCall() : OfCall();
  }
}

book::FactBody World::NewUser() {
  const auto number = static_cast<std::int64_t>(users_.size()) + 1;
  users_.push_back(UserId((number << 40) + 7));
  const bool bot = number % 5 == 0;
  return fact::UserCreated{users_.back(),
                           AccessHash(static_cast<std::int64_t>(random_())),
                           bot ? "" : absl::StrCat("99966", 10'000 + number),
                           absl::StrCat("First ", number),
                           "Last",
                           bot,
                           bot ? absl::StrCat("token", number) : "",
                           now_ms_};
}

book::FactBody World::NewKey() {
  Filler fill;
  fact::KeyCreated created;
  fill(created.key);
  const bool temporary = keys_.size() % 3 == 2;
  keys_.push_back({AuthKeyId(static_cast<std::int64_t>(random_())), temporary});
  created.id = keys_.back().id;
  created.created_ms = now_ms_;
  created.expires_ms = temporary ? now_ms_ + 86'400'000 : 0;
  created.dc = 2;
  return created;
}

book::FactBody World::OfKey() {
  const auto at = static_cast<std::size_t>(Below(static_cast<int>(keys_.size())));
  const Key key = keys_[at];
  const int what = Below(12);
  if (what == 0 && keys_.size() > 8) {
    keys_.erase(keys_.begin() + static_cast<std::ptrdiff_t>(at));
    return fact::KeyDestroyed{key.id};
  }
  if (what < 4) {
    return fact::KeyInitialised{key.id, {Below(200), 4, "Phone \xff", "13", "1.0", "en", "", "de"}};
  }
  if (key.temporary) {
    return fact::KeyBound{key.id, keys_[0].id, now_ms_ + 10'000 * Below(100)};
  }
  if (what < 9) return fact::SignedIn{key.id, AnyUser(), now_ms_, Below(1'000'000)};
  if (what < 10) return fact::SignedOut{key.id};
  return fact::CallsDisabled{key.id, Below(2) == 0};
}

book::FactBody World::OfUser() {
  const UserId owner = AnyUser(), other = AnyUser();
  if (Below(3) == 0 && last_ids_[owner] > 0) return Deletion(owner);
  switch (Below(6)) {
    case 0:
      return fact::UserSeen{owner, now_ms_};
    case 1:
    case 2:
      return fact::ContactAdded{owner, other, absl::StrCat("Name ", Below(100)), ""};
    case 3:
      return fact::ContactRemoved{owner, other};
    case 4:
      return fact::BlockedChanged{owner, other, Below(3) != 0};
    default:
      return fact::PrivacySet{owner,
                              static_cast<book::PrivacyKey>(Below(2)),
                              {{book::PrivacyRule::Kind::kDisallowUsers, {other, AnyUser()}},
                               {book::PrivacyRule::Kind::kAllowContacts, {}}}};
  }
}

// Any that there was, also one that is gone already.
book::FactBody World::Deletion(UserId owner) {
  const std::int32_t newest = last_ids_[owner];
  return fact::MessageDeleted{owner, 1 + Below(newest), ++pts_[owner], newest};
}

book::FactBody World::OfPhone() {
  const std::string phone = absl::StrCat("4930", 1'000 + Below(3));
  const bool known =
      versions_.contains({static_cast<int>(book::Stream::kPhone), book::PhoneStream(phone)});
  const int what = known ? Below(4) : 0;
  if (what == 1) return fact::CodeTried{phone};
  if (what == 2) return fact::CodeEnded{phone};
  return fact::CodeIssued{phone, absl::StrCat("hash", Below(1'000'000)), "12345",
                          now_ms_ + 300'000};
}

book::FactBody World::NewCall() {
  const UserId caller = AnyUser();
  UserId callee = AnyUser();
  while (callee == caller) callee = AnyUser();
  calls_.push_back({CallId(static_cast<std::int64_t>(random_() >> 20)), caller, callee, 1});
  return fact::CallRequested{calls_.back().id,
                             AccessHash(static_cast<std::int64_t>(random_())),
                             AccessHash(static_cast<std::int64_t>(random_())),
                             caller,
                             callee,
                             keys_[0].id,
                             static_cast<std::int32_t>(random_()),
                             Below(2) == 0,
                             Bytes(32, 0x5a),
                             AnyProtocol(),
                             now_ms_,
                             now_ms_ + 95'000};
}

book::FactBody World::OfCall() {
  // Mostly the younger ones, so that old calls end now and then.
  const int from = Below(4) == 0 ? 0 : std::max(0, static_cast<int>(calls_.size()) - 6);
  Call& call =
      calls_[static_cast<std::size_t>(from + Below(static_cast<int>(calls_.size()) - from))];
  if (call.step == 5) {
    const int what = Below(3);
    if (what == 0) return fact::CallDebugSaved{call.id, call.callee, "{\"rtt\":20}"};
    if (what == 1) return fact::CallRelayed{call.id, 7, {1 + Below(9), 100, 1'000, 2'000}, {}};
    return fact::CallRated{call.id, call.caller, true, 1 + Below(5), "#echo"};
  }
  if (call.step == 4 || Below(8) == 0) {
    const book::FactBody ended = End(call);
    call.step = 5;
    return ended;
  }
  switch (call.step++) {
    case 1:
      return fact::CallReceived{call.id, now_ms_, now_ms_ + 90'000};
    case 2:
      return fact::CallAccepted{call.id,       keys_[1].id, Bytes(256, 0xb0),
                                AnyProtocol(), now_ms_,     now_ms_ + 30'000};
    default: {
      fact::CallConfirmed confirmed;
      Filler fill;
      fill(confirmed);
      confirmed.id = call.id;
      confirmed.at_ms = now_ms_;
      confirmed.deadline_ms = now_ms_ + 86'400'000;
      return confirmed;
    }
  }
}

book::FactBody World::End(const Call& call) {
  const std::int32_t caller_pts = ++pts_.try_emplace(call.caller, 1).first->second;
  const std::int32_t callee_pts = ++pts_.try_emplace(call.callee, 1).first->second;
  const std::int32_t caller_id = ++last_ids_[call.caller];
  const std::int32_t callee_id = ++last_ids_[call.callee];
  const bool established = call.step == 4;
  return fact::CallEnded{call.id,
                         established ? call::Reason::kHangup : call::Reason::kMissed,
                         established,
                         established ? 17 : 0,
                         Below(2) == 0,
                         5,
                         now_ms_,
                         caller_id,
                         caller_pts,
                         callee_id,
                         callee_pts,
                         established,
                         !established,
                         !established,
                         "",
                         Bytes{1, 0, 0},
                         static_cast<call::EndedBy>(Below(3))};
}

}  // namespace trunkline::store
