// Words of the book: what commands, effects and facts are made of. No TL here; server/rpc
// translates. Every value owns its bytes, because it crosses threads.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/bytes.h"
#include "common/ids.h"
#include "common/time.h"
#include "server/call/call.h"

namespace trunkline::book {

// What a relay forwarded from one side of a call. Times are of the first and the last packet; 0:
// there was none.
struct FlowSide {
  std::int64_t packets = 0, bytes = 0;
  std::int64_t first_ms = 0, last_ms = 0;
};

// Refusals, as the API names them. server/rpc maps each to its code and TYPE
// (tl/schema/errors.tsv).
enum class Refusal : std::uint8_t {
  kNone,
  kAuthKeyUnregistered,  // 401 not signed in
  kBotMethodInvalid,     // 400 user-only method called by a bot
  kPhoneNumberInvalid,   // 400
  kPhoneCodeEmpty,
  kPhoneCodeInvalid,
  kPhoneCodeExpired,
  kPhoneNumberOccupied,  // signUp of a number that has a user
  kPhoneNumberFlood,     // too many codes asked for one number
  kFirstnameInvalid,
  kLastnameInvalid,
  kAccessTokenInvalid,
  kUserIdInvalid,
  kInputUserDeactivated,
  kPhoneNotOccupied,
  kContactIdInvalid,
  kPeerIdInvalid,
  kPrivacyKeyInvalid,
  kPrivacyValueInvalid,
  kPrivacyTooLong,
  kHashInvalid,  // changeAuthorizationSettings of an unknown authorization
  kPersistentTimestampInvalid,
  kUserIsBlocked,          // 403
  kUserPrivacyRestricted,  // 403
  kParticipantVersionOutdated,
  kCallPeerInvalid,
  kCallAlreadyAccepted,
  kCallAlreadyDeclined,
  kCallNotActive,
  kCallProtocolFlagsInvalid,
  kCallProtocolLayerInvalid,
  kCallProtocolCompatLayerInvalid,  // 406
  kCallOccupyFailed,  // 500, only when the store refused the transition: a repeat may succeed
  kGAHashInvalid,
  kGAInvalid,
  kGBInvalid,
  kDataTooLong,  // signalling over 64 KiB, debug JSON over its bound
  kDataJsonInvalid,
  kFloodWait,                // 420 FLOOD_WAIT_X, seconds beside it
  kEncryptedMessageInvalid,  // bindTempAuthKey
  kTempAuthKeyAlreadyBound,
  kTempAuthKeyEmpty,
  kExpiresAtInvalid,
  kInternal,  // 500, only when the store refused a change
};

// Who sees what: a user in full, as one viewer sees it (never `min`).
struct UserView {
  UserId id;
  AccessHash access_hash;
  std::string first_name, last_name;
  std::string phone;  // digits; empty when the viewer may not see it (not self, not a contact)
  bool self = false, contact = false, mutual_contact = false, bot = false, deleted = false;
  // Last seen: online until, else was online at; both 0 = "recently".
  std::int32_t online_until = 0, was_online = 0;
};

// users.getFullUser beyond the user itself.
struct FullUserView {
  UserView user;
  bool blocked = false;
  bool phone_calls_available = false, phone_calls_private = false, video_calls_available = false;
};

// One relay entry as one party gets it. ids are unique in the list and equal for both parties.
struct Connection {
  enum class Kind : std::uint8_t { kReflector, kWebrtc } kind = Kind::kReflector;
  std::int64_t id = 0;
  std::string ip, ipv6;
  std::int32_t port = 0;
  bool tcp = false;                 // reflector
  Bytes peer_tag;                   // reflector: exactly 16 bytes
  bool turn = false, stun = false;  // webrtc
  std::string username, password;   // webrtc
};

// phoneCallProtocol
struct Protocol {
  bool udp_p2p = false, udp_reflector = false;
  std::int32_t min_layer = 0, max_layer = 0;
  std::vector<std::string> library_versions;
  friend bool operator==(const Protocol&, const Protocol&) = default;
};

// The constructor of PhoneCall that this viewer gets in this state.
struct CallView {
  enum class Kind : std::uint8_t {
    kWaiting,
    kRequested,
    kAccepted,
    kActive,
    kDiscarded
  } kind = Kind::kWaiting;
  CallId id;
  AccessHash access_hash;  // differs between caller and callee, constant for each
  bool video = false;
  std::int32_t date = 0;
  UserId admin_id, participant_id;
  Protocol protocol;
  std::optional<std::int32_t> receive_date;  // kWaiting
  Bytes g_a_hash;                            // kRequested
  Bytes g_b;                                 // kAccepted
  Bytes g_a_or_b;                            // kActive
  std::int64_t key_fingerprint = 0;          // kActive
  std::vector<Connection> connections;       // kActive
  std::int32_t start_date = 0;               // kActive
  bool p2p_allowed = false;                  // kActive
  bool conference_supported = false;         // kActive
  std::optional<call::Reason> reason;        // kDiscarded
  std::string slug;                          // kDiscarded by migration to a conference
  std::optional<std::int32_t> duration;      // kDiscarded, seconds, only if established
  bool need_rating = false, need_debug = false;
};

// The service message of one ended call in one user's box (messageActionPhoneCall).
struct MessageView {
  std::int32_t id = 0;  // per user
  bool out = false;
  UserId from_id, peer_id;  // always the caller; the other party as seen from the owner
  std::int32_t date = 0;
  CallId call_id;
  bool video = false;
  std::optional<call::Reason> reason;
  std::string slug;
  std::optional<std::int32_t> duration;
};

enum class PrivacyKey : std::uint8_t { kPhoneCall, kPhoneP2p };
struct PrivacyRule {
  enum class Kind : std::uint8_t {
    kAllowAll,
    kDisallowAll,
    kAllowContacts,
    kDisallowContacts,
    kAllowUsers,
    kDisallowUsers
  } kind = Kind::kAllowAll;
  std::vector<UserId> users;  // the two user kinds
  friend bool operator==(const PrivacyRule&, const PrivacyRule&) = default;
};

// One update inside a batch.
struct Update {
  enum class Kind : std::uint8_t {
    kPhoneCall,      // call
    kSignalling,     // call_id, data
    kNewMessage,     // message, pts (pts_count is 1)
    kDeleteMessage,  // message.id, pts (pts_count is 1)
    kPrivacy,        // privacy_key, rules
    kPeerBlocked,    // user, flag
    kUserStatus,     // user + online_until / was_online
    kTooLong,        // updatesTooLong instead of the whole batch
  } kind = Kind::kPhoneCall;
  CallView call;
  CallId call_id;
  Bytes data;
  MessageView message;
  std::int32_t pts = 0;
  PrivacyKey privacy_key = PrivacyKey::kPhoneCall;
  std::vector<PrivacyRule> rules;
  UserId user;
  bool flag = false;
  std::int32_t online_until = 0, was_online = 0;
};

// `updates`, or `updateShort` when it is one signalling update. seq is always 0.
struct UpdateBatch {
  std::vector<Update> updates;
  std::vector<UserView> users;
  std::int32_t date = 0;
};

// initConnection, remembered with the authorization.
struct ClientInfo {
  std::int32_t layer = 0;
  std::int32_t api_id = 0;
  std::string device_model, system_version, app_version, system_lang_code, lang_pack, lang_code;
  friend bool operator==(const ClientInfo&, const ClientInfo&) = default;
};

}  // namespace trunkline::book
