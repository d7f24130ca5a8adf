#pragma once
// The values that TL is measured with: a request, the updates of an accepted call, and a hundred
// messages. Everything they point to lives in the object.
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tl/api_types.h"

namespace trunkline::bench {

inline constexpr int kLayer = 198;
inline constexpr std::size_t kMessages = 100;

class TlSamples {
 public:
  TlSamples() {
    protocol.set_udp_p2p().set_udp_reflector();
    caller.set_self()
        .set_access_hash(2)
        .set_first_name("Caller")
        .set_phone("9996620001")
        .set_status(&online);
    other.set_contact()
        .set_access_hash(4)
        .set_first_name("Callee")
        .set_phone("9996620002")
        .set_status(&online);
    for (std::size_t i = 0; i < kMessages; ++i) {
      tl::api::Message& message = messages[i];
      message = {.id = static_cast<std::int32_t>(1000 + i),
                 .peer_id = &peer,
                 .date = 1700000000,
                 .message = kText};
      message.set_from_id(&from).set_out(i % 2 == 0).set_entities(entities);
      new_messages[i] = {
          .message = &message, .pts = static_cast<std::int32_t>(5000 + i), .pts_count = 1};
      long_list[i] = &new_messages[i];
    }
  }
  TlSamples(const TlSamples&) = delete;
  TlSamples& operator=(const TlSamples&) = delete;

  static constexpr std::string_view kText =
      "Are you free for a call at nine? I have the figures now.";

  std::string g_a_hash = std::string(32, 'h');
  std::string g_b = std::string(256, 'g');
  std::array<std::string_view, 5> versions = {"2.4.4", "5.0.0", "7.0.0", "8.0.0", "9.0.0"};
  tl::api::PhoneCallProtocol protocol{
      .min_layer = 65, .max_layer = 92, .library_versions = versions};
  tl::api::InputUser callee{.user_id = 1234567, .access_hash = 0x0123456789abcdef};
  tl::api::fn::phone::RequestCall request{
      .user_id = &callee, .random_id = 42, .g_a_hash = g_a_hash, .protocol = &protocol};

  tl::api::UserStatusOnline online{.expires = 1700000000};
  tl::api::User caller{.id = 1};
  tl::api::User other{.id = 3};
  tl::api::PhoneCallAccepted accepted{.id = 5,
                                      .access_hash = 6,
                                      .date = 7,
                                      .admin_id = 1,
                                      .participant_id = 3,
                                      .g_b = g_b,
                                      .protocol = &protocol};
  tl::api::UpdatePhoneCall update{.phone_call = &accepted};
  std::array<tl::api::AnyUpdate, 1> update_list = {&update};
  std::array<tl::api::AnyUser, 2> users = {&caller, &other};
  tl::api::Updates updates{.updates = update_list, .users = users, .date = 1700000000};

  tl::api::PeerUser from{.user_id = 1};
  tl::api::PeerUser peer{.user_id = 3};
  tl::api::MessageEntityBold bold{.offset = 4, .length = 3};
  std::array<tl::api::AnyMessageEntity, 1> entities = {&bold};
  std::vector<tl::api::Message> messages = std::vector<tl::api::Message>(kMessages);
  std::vector<tl::api::UpdateNewMessage> new_messages =
      std::vector<tl::api::UpdateNewMessage>(kMessages);
  std::vector<tl::api::AnyUpdate> long_list = std::vector<tl::api::AnyUpdate>(kMessages);
  tl::api::Updates long_updates{.updates = long_list, .users = users, .date = 1700000000};
};

}  // namespace trunkline::bench
