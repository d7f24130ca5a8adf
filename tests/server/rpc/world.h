// One dispatcher with a virtual clock, a seeded entropy and a book played by the test: requests go
// in as bytes of any layer, outputs come out as values.
#pragma once

#include <gtest/gtest.h>
#include <zlib.h>

#include <string>
#include <utility>
#include <vector>

#include "common/entropy.h"
#include "server/rpc/dispatcher.h"
#include "tl/api_types.h"
#include "tl/mt_types.h"

namespace trunkline::rpc {

namespace api = ::tl::api;
namespace fn = ::tl::api::fn;

inline constexpr AuthKeyId kKey{100};
inline constexpr AuthKeyId kTempKey{200};
inline constexpr UserId kUser{1001};
inline constexpr SessionRef kSession{kKey, SessionId(7)};

template <class T>
Bytes Wire(const T& value, int layer = 229) {
  Bytes out;
  ::tl::AppendTo(out, value, layer);
  return out;
}

inline Bytes Packed(ByteView plain) {
  Bytes packed(compressBound(static_cast<uLong>(plain.size())));
  uLongf size = packed.size();
  EXPECT_EQ(compress(packed.data(), &size, plain.data(), static_cast<uLong>(plain.size())), Z_OK);
  packed.resize(size);
  ::tl::mt::GzipPacked wrapper;
  wrapper.packed_data = AsText(packed);
  Bytes out;
  ::tl::AppendTo(out, wrapper);
  return out;
}

inline Bytes WithLayer(int layer, ByteView query) {
  fn::InvokeWithLayer wrapper;
  wrapper.layer = layer;
  wrapper.query = query;
  return Wire(wrapper);
}

inline Bytes WithInit(ByteView query, std::string_view model = "phone") {
  fn::InitConnection wrapper;
  wrapper.api_id = 4;
  wrapper.device_model = model;
  wrapper.system_version = "1";
  wrapper.app_version = "2.0";
  wrapper.system_lang_code = wrapper.lang_code = "en";
  wrapper.query = query;
  return Wire(wrapper);
}

inline Bytes WithoutUpdates(ByteView query) {
  fn::InvokeWithoutUpdates wrapper;
  wrapper.query = query;
  return Wire(wrapper);
}

inline Bytes After(MessageId other, ByteView query) {
  fn::InvokeAfterMsg wrapper;
  wrapper.msg_id = other.value();
  wrapper.query = query;
  return Wire(wrapper);
}

// "400 INPUT_FETCH_ERROR", or an empty text when the result isn't an rpc_error.
inline std::string ErrorIn(ByteView result) {
  ::tl::Arena arena;
  ::tl::Reader reader(result, &arena);
  ::tl::mt::AnyObject object;
  if (!ReadObject(reader, object)) return "";
  const auto* const error = object.As<::tl::mt::RpcError>();
  if (error == nullptr || !reader.AtEnd()) return "";
  return std::to_string(error->error_code) + " " + std::string(error->error_message);
}

inline std::uint32_t IdOf(ByteView result) {
  return result.size() < 4 ? 0 : LoadLittle<std::uint32_t>(result.data());
}

using Outputs = std::vector<Output>;

template <class T>
std::vector<const T*> All(const Outputs& outputs) {
  std::vector<const T*> found;
  for (const Output& output : outputs) {
    if (const T* one = std::get_if<T>(&output)) found.push_back(one);
  }
  return found;
}

// The commands' bodies of one kind.
template <class T>
std::vector<const T*> Commands(const Outputs& outputs) {
  std::vector<const T*> found;
  for (const book::Command* command : All<book::Command>(outputs)) {
    if (const T* body = std::get_if<T>(&command->body)) found.push_back(body);
  }
  return found;
}

// A value read from a result; lives as long as the object.
template <class Any>
class Parsed {
 public:
  explicit Parsed(Bytes bytes) : bytes_(std::move(bytes)), reader_(bytes_, &arena_) {
    value_ = ::tl::Read<Any>(reader_);
    ok_ = reader_.ok() && reader_.AtEnd();
  }
  bool ok() const { return ok_; }
  const Any& operator*() const { return value_; }
  const Any* operator->() const { return &value_; }

 private:
  ::tl::Arena arena_;
  Bytes bytes_;
  ::tl::Reader reader_;
  Any value_;
  bool ok_ = false;
};

class World {
 public:
  World() : dispatcher_(Config(), &entropy_) {}

  static DispatcherConfig Config() {
    DispatcherConfig config;
    config.addresses = {{"192.0.2.1", 443, false}, {"2001:db8::1", 443, true}};
    return config;
  }

  // A permanent key that had initConnection at `layer`; user 0: nobody signed in.
  book::KeyInfo Key(UserId user, std::int32_t layer = 229) {
    book::KeyInfo info;
    info.id = kKey;
    info.user = user;
    info.client.layer = layer;
    return info;
  }
  void Know(const book::KeyInfo& info) { dispatcher_.HandleKeyChanged(info, now_); }
  void SignedIn(std::int32_t layer = 229) { Know(Key(kUser, layer)); }

  Outputs Send(ByteView body, SessionRef session = kSession) {
    last_ = MessageId(last_.value() + 4);
    dispatcher_.HandleQuery(session, last_, body, now_);
    return Drain();
  }
  template <class M>
  Outputs Call(const M& method, int layer = 229, SessionRef session = kSession) {
    return Send(Wire(method, layer), session);
  }
  // The session's layer becomes `layer`.
  template <class M>
  Outputs CallAt(const M& method, int layer) {
    return Send(WithLayer(layer, Wire(method, layer)));
  }

  Outputs Reply(MessageId msg_id, book::ReplyBody body, SessionRef session = kSession) {
    dispatcher_.HandleReply({session, msg_id, std::move(body)}, now_);
    return Drain();
  }
  Outputs Push(const book::UpdateBatch& batch, SessionRef session = kSession) {
    dispatcher_.HandlePush(session, batch, now_);
    return Drain();
  }
  Outputs Pass(Duration time) {
    now_ += time;
    dispatcher_.Tick(now_);
    return Drain();
  }
  Outputs Drain() {
    Outputs outputs;
    for (Output output; dispatcher_.Poll(output);) outputs.push_back(std::move(output));
    return outputs;
  }

  MessageId last() const { return last_; }
  WallTime now() const { return now_; }
  Dispatcher& dispatcher() { return dispatcher_; }

 private:
  SeededEntropy entropy_{1};
  WallTime now_ = FromUnixSeconds(1'700'000'000);
  MessageId last_{1'700'000'000ll << 32};
  Dispatcher dispatcher_;
};

// The one answer among the outputs.
inline Bytes AnswerIn(const Outputs& outputs) {
  const auto answers = All<Answer>(outputs);
  EXPECT_EQ(answers.size(), 1u);
  return answers.size() == 1 ? answers[0]->result : Bytes();
}
inline std::string ErrorIn(const Outputs& outputs) {
  return ErrorIn(AnswerIn(outputs));
}

}  // namespace trunkline::rpc
