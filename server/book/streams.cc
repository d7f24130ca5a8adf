#include "server/book/streams.h"

namespace trunkline::book {
namespace {

StreamId KeyStream(AuthKeyId id) {
  return {Stream::kKey, id.value()};
}
StreamId UserStream(UserId id) {
  return {Stream::kUser, id.value()};
}
StreamId CallStream(CallId id) {
  return {Stream::kCall, id.value()};
}

struct Streams {
  StreamId operator()(const fact::KeyCreated& f) const { return KeyStream(f.id); }
  StreamId operator()(const fact::KeyDestroyed& f) const { return KeyStream(f.id); }
  StreamId operator()(const fact::KeyInitialised& f) const { return KeyStream(f.id); }
  StreamId operator()(const fact::KeyBound& f) const { return KeyStream(f.temp); }
  StreamId operator()(const fact::SignedIn& f) const { return KeyStream(f.key); }
  StreamId operator()(const fact::SignedOut& f) const { return KeyStream(f.key); }
  StreamId operator()(const fact::CallsDisabled& f) const { return KeyStream(f.key); }
  StreamId operator()(const fact::CodeIssued& f) const { return Phone(f.phone); }
  StreamId operator()(const fact::CodeTried& f) const { return Phone(f.phone); }
  StreamId operator()(const fact::CodeEnded& f) const { return Phone(f.phone); }
  StreamId operator()(const fact::UserCreated& f) const { return UserStream(f.id); }
  StreamId operator()(const fact::UserSeen& f) const { return UserStream(f.id); }
  StreamId operator()(const fact::ContactAdded& f) const { return UserStream(f.owner); }
  StreamId operator()(const fact::ContactRemoved& f) const { return UserStream(f.owner); }
  StreamId operator()(const fact::BlockedChanged& f) const { return UserStream(f.owner); }
  StreamId operator()(const fact::PrivacySet& f) const { return UserStream(f.owner); }
  StreamId operator()(const fact::MessageDeleted& f) const { return UserStream(f.owner); }
  StreamId operator()(const fact::CallRequested& f) const { return CallStream(f.id); }
  StreamId operator()(const fact::CallReceived& f) const { return CallStream(f.id); }
  StreamId operator()(const fact::CallAccepted& f) const { return CallStream(f.id); }
  StreamId operator()(const fact::CallConfirmed& f) const { return CallStream(f.id); }
  StreamId operator()(const fact::CallEnded& f) const { return CallStream(f.id); }
  StreamId operator()(const fact::CallRated& f) const { return CallStream(f.id); }
  StreamId operator()(const fact::CallDebugSaved& f) const { return CallStream(f.id); }
  StreamId operator()(const fact::CallRelayed& f) const { return CallStream(f.id); }
  static StreamId Phone(const std::string& phone) { return {Stream::kPhone, PhoneStream(phone)}; }
};

}  // namespace

StreamId StreamOf(const FactBody& body) {
  return std::visit(Streams{}, body);
}

std::int32_t VersionOf(const State& state, StreamId stream) {
  switch (stream.stream) {
    case Stream::kKey: {
      const Key* key = state.keys.Find(AuthKeyId(stream.id));
      return key == nullptr ? 0 : key->version;
    }
    case Stream::kUser: {
      const User* user = state.users.Find(UserId(stream.id));
      return user == nullptr ? 0 : user->version;
    }
    case Stream::kCall: {
      const CallRecord* record = state.calls.Find(CallId(stream.id));
      return record == nullptr ? 0 : record->call.version;
    }
    case Stream::kPhone: {
      const std::int32_t* version = state.phone_versions.Find(stream.id);
      return version == nullptr ? 0 : *version;
    }
  }
  return 0;
}

std::int32_t* MutableVersion(State& state, StreamId stream) {
  switch (stream.stream) {
    case Stream::kKey: {
      Key* key = state.keys.Mutable(AuthKeyId(stream.id));
      return key == nullptr ? nullptr : &key->version;
    }
    case Stream::kUser: {
      User* user = state.users.Mutable(UserId(stream.id));
      return user == nullptr ? nullptr : &user->version;
    }
    case Stream::kCall: {
      CallRecord* record = state.calls.Mutable(CallId(stream.id));
      return record == nullptr ? nullptr : &record->call.version;
    }
    case Stream::kPhone:
      return &state.phone_versions.MutableOrNew(stream.id);
  }
  return nullptr;
}

bool IsTestNumber(const std::string& digits) {
  return digits.starts_with("99966");
}

PhoneKey PhoneKeyOf(const std::string& digits) {
  std::int64_t number = 1;
  for (const char c : digits.substr(0, kPhoneDigitsMax)) number = number * 10 + (c - '0');
  return PhoneKey(number);
}

std::int64_t PhoneStream(const std::string& digits) {
  std::uint64_t hash = 0xcbf29ce484222325u;
  for (const char c : digits) {
    hash = (hash ^ static_cast<std::uint8_t>(c)) * 0x100000001b3u;
  }
  return static_cast<std::int64_t>(hash);
}

}  // namespace trunkline::book
