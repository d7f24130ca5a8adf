// What a call server writes, layer by layer: the ids that clients of that layer know, and values
// that read back as they were. The ids are spelt here by hand, not taken from the schema.
#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "tl/api_types.h"
#include "wire_table.h"

namespace tl {
namespace {

using Bytes = std::vector<std::uint8_t>;

std::uint32_t WordAt(const Bytes& bytes, std::size_t at) {
  std::uint32_t word = 0;
  EXPECT_LE(at + sizeof(word), bytes.size());
  std::memcpy(&word, bytes.data() + at, sizeof(word));
  return word;
}

template <class T>
Bytes WrittenAt(const T& value, int layer) {
  Bytes bytes;
  AppendTo(bytes, value, layer);
  EXPECT_EQ(bytes.size(), SizeOf(value, layer));
  return bytes;
}

// Ids from a layer on, oldest first.
struct IdRow {
  int first;
  std::uint32_t id;
};

std::uint32_t Expected(const std::vector<IdRow>& rows, int layer) {
  std::uint32_t id = 0;
  for (const IdRow& row : rows) {
    if (row.first <= layer) id = row.id;
  }
  return id;
}

constexpr std::array kLayers = {133, 134, 135, 140, 141, 142, 144, 145, 148, 151, 152, 154,
                                160, 166, 167, 171, 172, 176, 177, 185, 195, 196, 198, 200,
                                201, 202, 204, 205, 216, 217, 227, 228, 229, 230, 999};

// Checks the id at every layer, that a client of the layer can read the bytes, and returns them per
// layer.
template <class C>
void ExpectIds(const C& value, const std::string& type, const std::vector<IdRow>& rows) {
  const typename C::Type any = &value;
  for (const int layer : kLayers) {
    const Bytes bytes = WrittenAt(value, layer);
    EXPECT_EQ(WordAt(bytes, 0), Expected(rows, layer)) << C::kName << " at " << layer;
    EXPECT_EQ(WrittenAt(any, layer), bytes);
    std::string why;
    EXPECT_TRUE(trunkline::tlc::WireTable::Project().Accepts(type, std::min(layer, api::kLayerMax),
                                                             bytes, &why))
        << C::kName << " at " << layer << ": " << why;
  }
}

class LayerTest : public testing::Test {
 protected:
  template <class Any>
  Any ReadBack(const Bytes& bytes) {
    Reader reader(bytes, &arena_);
    const Any any = Read<Any>(reader);
    EXPECT_TRUE(reader.ExpectEnd()) << WireErrorName(reader.error());
    return any;
  }

  // The constructor written at a layer and read again.
  template <class C>
  const C& Again(const C& value, int layer) {
    kept_.push_back(WrittenAt(value, layer));
    const C* const again = ReadBack<typename C::Type>(kept_.back()).template As<C>();
    EXPECT_NE(again, nullptr);
    return again == nullptr ? value : *again;
  }

  Arena arena_;
  std::vector<Bytes> kept_;
  std::vector<std::string_view> versions_ = {"7.0.0", "9.0.0"};
  api::PhoneCallProtocol protocol_ =
      api::PhoneCallProtocol{.min_layer = 65, .max_layer = 92, .library_versions = versions_}
          .set_udp_p2p()
          .set_udp_reflector();
};

TEST_F(LayerTest, PhoneCallWaiting) {
  const api::PhoneCallWaiting value = api::PhoneCallWaiting{.id = 5,
                                                            .access_hash = -6,
                                                            .date = 7,
                                                            .admin_id = 8,
                                                            .participant_id = 9,
                                                            .protocol = &protocol_}
                                          .set_video()
                                          .set_receive_date(10);
  ExpectIds(value, "PhoneCall", {{133, 0xc5226f17}, {196, 0xeed42858}, {202, 0xc5226f17}});
  for (const int layer : kLayers) {
    const auto& again = Again(value, layer);
    EXPECT_TRUE(again.video());
    EXPECT_EQ(again.id, 5);
    EXPECT_EQ(again.access_hash, -6);
    EXPECT_EQ(again.receive_date(), 10);
    const auto* const protocol = again.protocol.As<api::PhoneCallProtocol>();
    ASSERT_NE(protocol, nullptr);
    EXPECT_TRUE(protocol->udp_p2p());
    EXPECT_EQ(protocol->max_layer, 92);
    ASSERT_EQ(protocol->library_versions.size(), 2u);
    EXPECT_EQ(protocol->library_versions[1], "9.0.0");
  }
  const api::PhoneCallWaiting quiet{.id = 5, .protocol = &protocol_};
  EXPECT_FALSE(Again(quiet, 198).has_receive_date());
}

TEST_F(LayerTest, PhoneCallRequestedAndAccepted) {
  const api::PhoneCallRequested requested{.id = 1, .g_a_hash = "hash", .protocol = &protocol_};
  ExpectIds(requested, "PhoneCall", {{133, 0x14b0ed0c}, {196, 0x45361c63}, {202, 0x14b0ed0c}});
  EXPECT_EQ(Again(requested, 198).g_a_hash, "hash");
  const api::PhoneCallAccepted accepted{.id = 1, .g_b = "g_b", .protocol = &protocol_};
  ExpectIds(accepted, "PhoneCall", {{133, 0x3660c311}, {196, 0x22fd7181}, {202, 0x3660c311}});
  EXPECT_EQ(Again(accepted, 201).g_b, "g_b");
}

TEST_F(LayerTest, PhoneCall) {
  const api::PhoneConnection relay =
      api::PhoneConnection{.id = 3, .ip = "127.0.0.1", .port = 443, .peer_tag = "0123456789abcdef"}
          .set_tcp();
  const api::PhoneConnectionWebrtc turn =
      api::PhoneConnectionWebrtc{.id = 4, .ip = "::1", .username = "u", .password = "p"}.set_turn();
  const std::array<api::AnyPhoneConnection, 2> connections = {&relay, &turn};
  const api::DataJSON json{.data = "{}"};
  const api::PhoneCall value = api::PhoneCall{.id = 1,
                                              .g_a_or_b = "g",
                                              .key_fingerprint = -1,
                                              .protocol = &protocol_,
                                              .connections = connections,
                                              .start_date = 77}
                                   .set_p2p_allowed()
                                   .set_conference_supported()
                                   .set_custom_parameters(&json);
  ExpectIds(value, "PhoneCall",
            {{133, 0x967f7c67}, {177, 0x30535af5}, {196, 0x3ba5940c}, {202, 0x30535af5}});
  for (const int layer : kLayers) {
    const auto& again = Again(value, layer);
    EXPECT_TRUE(again.p2p_allowed());
    EXPECT_EQ(again.key_fingerprint, -1);
    EXPECT_EQ(again.start_date, 77);
    EXPECT_EQ(again.conference_supported(), layer >= 202) << layer;
    EXPECT_EQ(static_cast<bool>(again.custom_parameters()), layer >= 177) << layer;
    ASSERT_EQ(again.connections.size(), 2u);
    const auto* const first = again.connections[0].As<api::PhoneConnection>();
    ASSERT_NE(first, nullptr);
    EXPECT_EQ(first->tcp(), layer >= 142) << layer;
    EXPECT_EQ(first->peer_tag, "0123456789abcdef");
    ASSERT_NE(again.connections[1].As<api::PhoneConnectionWebrtc>(), nullptr);
  }
  ExpectIds(relay, "PhoneConnection", {{133, 0x9d4c17c0}, {142, 0x9cc123c7}});
}

TEST_F(LayerTest, PhoneCallDiscarded) {
  const api::PhoneCallDiscardReasonHangup hangup;
  const api::PhoneCallDiscarded value =
      api::PhoneCallDiscarded{.id = 9}.set_need_rating().set_reason(&hangup).set_duration(61);
  ExpectIds(value, "PhoneCall", {{133, 0x50ca4de1}, {196, 0xf9d25503}, {202, 0x50ca4de1}});
  const auto& again = Again(value, 198);
  EXPECT_EQ(again.duration(), 61);
  EXPECT_TRUE(again.need_rating());
  EXPECT_NE(again.reason().As<api::PhoneCallDiscardReasonHangup>(), nullptr);
}

TEST_F(LayerTest, OptionalValueThatALayerLacksIsAbsent) {
  const api::PhoneCallDiscardReasonMigrateConferenceCall migrate{.slug = "s"};
  const api::PhoneCallDiscarded value =
      api::PhoneCallDiscarded{.id = 9}.set_reason(&migrate).set_duration(1);
  EXPECT_FALSE(Again(value, 201).reason());
  EXPECT_EQ(Again(value, 201).duration(), 1);
  EXPECT_TRUE(Again(value, 202).reason());
}

TEST_F(LayerTest, MandatoryValueThatALayerLacksHasItsFallback) {
  const api::MessageActionConferenceCall action{.call_id = 1};
  const api::PeerUser peer{.user_id = 2};
  const api::MessageService message{.id = 3, .peer_id = &peer, .date = 4, .action = &action};
  EXPECT_NE(Again(message, 198).action.As<api::MessageActionEmpty>(), nullptr);
  EXPECT_NE(Again(message, 202).action.As<api::MessageActionConferenceCall>(), nullptr);
  const api::UpdatePhoneCall forgotten;
  EXPECT_NE(Again(forgotten, 198).phone_call.As<api::PhoneCallEmpty>(), nullptr);
}

TEST_F(LayerTest, MessageService) {
  const api::PhoneCallDiscardReasonMissed missed;
  const api::MessageActionPhoneCall action =
      api::MessageActionPhoneCall{.call_id = 77}.set_reason(&missed);
  const api::PeerUser from{.user_id = 1};
  const api::PeerUser peer{.user_id = 2};
  const api::MessageService value =
      api::MessageService{.id = 5, .peer_id = &peer, .date = 6, .action = &action}
          .set_out()
          .set_reactions_are_possible()
          .set_from_id(&from);
  ExpectIds(value, "Message", {{133, 0x2b085862}, {196, 0xd3d28540}, {205, 0x7a800e0a}});
  for (const int layer : kLayers) {
    const auto& again = Again(value, layer);
    EXPECT_TRUE(again.out());
    EXPECT_EQ(again.reactions_are_possible(), layer >= 196) << layer;
    const auto* const call = again.action.As<api::MessageActionPhoneCall>();
    ASSERT_NE(call, nullptr);
    EXPECT_EQ(call->call_id, 77);
    EXPECT_FALSE(call->has_duration());
  }
}

TEST_F(LayerTest, User) {
  const api::UserStatusRecently recently;
  const api::User value = api::User{.id = 7}
                              .set_self()
                              .set_bot()
                              .set_access_hash(8)
                              .set_first_name("F")
                              .set_phone("99966")
                              .set_status(&recently)
                              .set_bot_info_version(2);
  ExpectIds(value, "User",
            {{133, 0x3ff6ecb0},
             {145, 0x5d99adee},
             {148, 0x8f97c628},
             {160, 0xabb5f120},
             {166, 0xeb602f25},
             {167, 0x215c4438},
             {185, 0x83314fca},
             {196, 0x4b46c37e},
             {200, 0x020b1422},
             {217, 0x31774388},
             {228, 0xb1b8cc83}});
  for (const int layer : kLayers) {
    const auto& again = Again(value, layer);
    EXPECT_TRUE(again.self());
    EXPECT_EQ(again.access_hash(), 8);
    EXPECT_EQ(again.first_name(), "F");
    EXPECT_FALSE(again.has_last_name());
    EXPECT_EQ(again.bot_info_version(), 2);
    EXPECT_NE(again.status().As<api::UserStatusRecently>(), nullptr);
  }
  ExpectIds(recently, "UserStatus", {{133, 0xe26f42f1}, {172, 0x7b197dc8}});
}

TEST_F(LayerTest, BitOfSeveralFieldsBringsThemAll) {
  // user: bit 14 is the flag `bot` and the number bot_info_version.
  const api::User bot = api::User{.id = 7}.set_bot();
  EXPECT_EQ(Again(bot, 198).bot_info_version(), 0);
  const api::User versioned = api::User{.id = 7}.set_bot_info_version(3);
  EXPECT_TRUE(Again(versioned, 198).bot());
}

TEST_F(LayerTest, UserFull) {
  const api::PeerSettings settings;
  const api::PeerNotifySettings notify;
  const api::UserFull value =
      api::UserFull{
          .id = 7, .settings = &settings, .notify_settings = &notify, .common_chats_count = 0}
          .set_phone_calls_available();
  ExpectIds(value, "UserFull",
            {{133, 0xd697ff05}, {135, 0xcf366521}, {140, 0x8c72ea81}, {144, 0xc4b1fc3f},
             {151, 0xf8d32aed}, {158, 0x93eadb53}, {160, 0x4fe1cc86}, {164, 0xb9b12c6c},
             {176, 0x22ff3e85}, {177, 0xcc997720}, {189, 0x1f58e369}, {195, 0x979d2376},
             {196, 0x4d975bbc}, {200, 0xd2234ea0}, {201, 0x99e78045}, {210, 0x29de80be},
             {211, 0x7e63ce1f}, {213, 0x3fd81e28}, {214, 0xc577b5ad}, {216, 0xa02bc13e},
             {224, 0x06cbe645}});
  for (const int layer : kLayers) EXPECT_TRUE(Again(value, layer).phone_calls_available()) << layer;
  EXPECT_EQ(Again(value, 135).id, 7);
}

TEST_F(LayerTest, Config) {
  const api::DcOption option =
      api::DcOption{.id = 2, .ip_address = "127.0.0.1", .port = 443}.set_static();
  const std::array<api::AnyDcOption, 1> options = {&option};
  const api::Config value{.date = 1,
                          .expires = 2,
                          .this_dc = 2,
                          .dc_options = options,
                          .me_url_prefix = "x",
                          .webfile_dc_id = 4};
  ExpectIds(value, "Config", {{133, 0x330b4067}, {145, 0x232566ac}, {154, 0xcc1a241e}});
  for (const int layer : kLayers) {
    const auto& again = Again(value, layer);
    EXPECT_EQ(again.webfile_dc_id, 4);
    EXPECT_EQ(again.me_url_prefix, "x");
    ASSERT_EQ(again.dc_options.size(), 1u);
    EXPECT_TRUE(again.dc_options[0].As<api::DcOption>()->static_());
  }
}

TEST_F(LayerTest, LoginAnswers) {
  const api::User user = api::User{.id = 1}.set_self();
  const api::auth::Authorization authorization{.user = &user};
  ExpectIds(authorization, "auth.Authorization",
            {{133, 0xcd050916}, {135, 0x33fb7bb8}, {152, 0x2ea2c0d4}});
  for (const int layer : kLayers)
    EXPECT_TRUE(Again(authorization, layer).user.As<api::User>()->self());
  const api::auth::SentCodeTypeApp type{.length = 5};
  const api::auth::SentCode sent{.type = &type, .phone_code_hash = "h"};
  ExpectIds(sent, "auth.SentCode", {{133, 0x5e002502}});
}

TEST_F(LayerTest, ChangedKindOfField) {
  const api::PeerUser peer{.user_id = 1};
  for (const bool blocked : {false, true}) {
    const api::UpdatePeerBlocked value =
        api::UpdatePeerBlocked{.peer_id = &peer}.set_blocked(blocked);
    ExpectIds(value, "Update", {{133, 0x246a4b22}, {161, 0xebe07752}});
    EXPECT_EQ(Again(value, 160).blocked(), blocked);
    EXPECT_EQ(Again(value, 161).blocked(), blocked);
  }
}

TEST_F(LayerTest, ElementThatALayerLacksIsLeftOut) {
  const api::UpdateUser user_changed{.user_id = 1};  // from 151
  const api::UpdatePhoneCallSignalingData signaling{.phone_call_id = 2, .data = "d"};
  const std::array<api::AnyUpdate, 4> list = {&user_changed, &signaling, api::AnyUpdate(),
                                              &user_changed};
  const api::Updates updates{.updates = list, .date = 3};
  EXPECT_EQ(Again(updates, 150).updates.size(), 1u);
  EXPECT_EQ(Again(updates, 150).updates[0].id(), api::UpdatePhoneCallSignalingData::kId);
  EXPECT_EQ(Again(updates, 151).updates.size(), 3u);
  Bytes bytes;
  AppendVector(bytes, list, 150);
  EXPECT_EQ(WordAt(bytes, 0), kVectorId);
  EXPECT_EQ(WordAt(bytes, 4), 1u);
  Reader reader(bytes, &arena_);
  EXPECT_EQ(ReadVector<api::AnyUpdate>(reader).size(), 1u);
  EXPECT_TRUE(reader.ExpectEnd());
}

TEST_F(LayerTest, RequestsOfTheCaller) {
  const api::InputUser callee{.user_id = 2, .access_hash = 3};
  const api::fn::phone::RequestCall value =
      api::fn::phone::RequestCall{
          .user_id = &callee, .random_id = 4, .g_a_hash = "h", .protocol = &protocol_}
          .set_video();
  for (const int layer : kLayers) {
    const Bytes bytes = WrittenAt(value, layer);
    const std::uint32_t id = layer >= 196 && layer <= 201 ? 0xa6c4600c : 0x42ff96ed;
    EXPECT_EQ(WordAt(bytes, 0), id) << layer;
    Reader reader(bytes, &arena_);
    api::AnyMethod method;
    ASSERT_TRUE(api::ReadMethod(reader, method));
    EXPECT_TRUE(reader.AtEnd());
    EXPECT_EQ(method.wire_id(), id);
    const auto* const call = method.As<api::fn::phone::RequestCall>();
    ASSERT_NE(call, nullptr);
    EXPECT_TRUE(call->video());
    EXPECT_EQ(call->random_id, 4);
    EXPECT_EQ(call->user_id.As<api::InputUser>()->access_hash, 3);
  }
}

TEST_F(LayerTest, WrappersLeaveTheInnerQueryAsBytes) {
  const Bytes inner = WrittenAt(api::fn::help::GetConfig{}, 198);
  const Bytes init = WrittenAt(
      api::fn::InitConnection{.api_id = 1, .device_model = "d", .lang_code = "en", .query = inner},
      198);
  const Bytes outer = WrittenAt(api::fn::InvokeWithLayer{.layer = 198, .query = init}, 198);
  Reader reader(outer, &arena_);
  api::AnyMethod method;
  ASSERT_TRUE(api::ReadMethod(reader, method));
  const auto* const with_layer = method.As<api::fn::InvokeWithLayer>();
  ASSERT_NE(with_layer, nullptr);
  EXPECT_EQ(with_layer->layer, 198);
  EXPECT_TRUE(reader.AtEnd());
  Reader second(with_layer->query, &arena_);
  ASSERT_TRUE(api::ReadMethod(second, method));
  const auto* const connection = method.As<api::fn::InitConnection>();
  ASSERT_NE(connection, nullptr);
  EXPECT_EQ(connection->lang_code, "en");
  Reader third(connection->query, &arena_);
  ASSERT_TRUE(api::ReadMethod(third, method));
  EXPECT_EQ(method.id(), api::fn::help::GetConfig::kId);
  EXPECT_TRUE(third.ExpectEnd());
}

TEST_F(LayerTest, OldMethodIdsFillTheNewStruct) {
  // auth.signIn#bcd51581 phone_number:string phone_code_hash:string phone_code:string, until 144
  Bytes bytes = {0x81, 0x15, 0xd5, 0xbc, 1, 'p', 0, 0, 1, 'h', 0, 0, 1, 'c', 0, 0};
  Reader reader(bytes, &arena_);
  api::AnyMethod method;
  ASSERT_TRUE(api::ReadMethod(reader, method));
  EXPECT_TRUE(reader.AtEnd());
  EXPECT_EQ(method.id(), 0x8d52a951u);
  EXPECT_EQ(method.wire_id(), 0xbcd51581u);
  EXPECT_EQ(method.As<api::fn::auth::SignIn>()->phone_code(), "c");
}

}  // namespace
}  // namespace tl
