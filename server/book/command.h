// What the book can be asked. Link threads, HTTP and the store's clock send these by mailbox; the
// book answers with effects (effect.h). Fields are already checked for form by server/rpc, never
// for meaning.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "common/secret.h"
#include "server/book/relay_desk.h"
#include "server/book/types.h"

namespace trunkline::book {

// Who asks: filled by the link thread. `device` is the permanent key (equal to session.key without
// PFS).
struct Requester {
  SessionRef session;
  MessageId msg_id;
  DeviceId device;
};

// Where the asking device is: IPv6, or IPv4 as ::ffff:a.b.c.d; zeros when nobody knows. For the
// choice of relays only.
using PeerAddress = RelayDesk::Address;

// inputUser / inputUserSelf, as sent: resolved by the book (access hash compared there).
struct UserQuery {
  bool self = false;
  UserId id;
  AccessHash access_hash;
};

namespace cmd {

// -- keys and sessions -------------------------------------------------------------------------
struct CreateKey {  // answered by effect KeyStored, not by a Reply
  std::array<std::uint8_t, 16> nonce;
  AuthKeyId id;
  AuthKey key;
  std::int64_t created_ms = 0;
  std::int64_t expires_ms = 0;  // 0: permanent
  std::int64_t first_salt = 0;  // passed through to KeyStored, not stored
  std::int32_t dc = 0;          // DC id of the key exchange, 0 = none given; help.getConfig.this_dc
};
struct DestroyKey {};  // Reply: Done, flag = existed; the device's calls end
struct InitConnection {
  ClientInfo info;
};  // Reply: Done
struct BindTempKey {
  AuthKeyId temp, perm;
  std::int64_t expires_ms = 0;
};  // inner message checked already; Reply: Done
struct DropTempKeys {
  std::vector<AuthKeyId> except;
};  // Reply: Done
struct SessionOpened {
};  // the session wants updates (subscribed); no reply. Rings what still rings.
struct SessionClosed {};  // no reply

// -- sign-in -----------------------------------------------------------------------------------
struct SendCode {
  std::string phone;
};  // as sent; Reply: SentCode
struct ResendCode {
  std::string phone, phone_code_hash;
};  // Reply: SentCode
struct CancelCode {
  std::string phone, phone_code_hash;
};  // Reply: Done
struct SignIn {
  std::string phone, phone_code_hash, phone_code;
};  // Reply: Authorization or SignUpRequired
struct SignUp {
  std::string phone, phone_code_hash, first_name, last_name;
};  // Reply: Authorization
struct ImportBot {
  std::string token;
};                 // Reply: Authorization
struct LogOut {};  // Reply: Done

// -- users, contacts, privacy --------------------------------------------------------------------
struct GetUsers {
  std::vector<UserQuery> users;
};  // Reply: Users (one per query; unknown = deleted view with id)
struct GetFullUser {
  UserQuery user;
};  // Reply: FullUser
struct ImportContacts {
  struct Entry {
    std::int64_t client_id = 0;
    std::string phone, first_name, last_name;
  };
  std::vector<Entry> contacts;
};  // Reply: ImportedContacts
struct ResolvePhone {
  std::string phone;
};                      // Reply: Users (exactly one)
struct GetContacts {};  // Reply: Users
struct AddContact {
  UserQuery user;
  std::string first_name, last_name, phone;
};  // Reply: UpdateBatch (users)
struct DeleteContacts {
  std::vector<UserQuery> users;
};  // Reply: UpdateBatch
struct Block {
  UserQuery user;
  bool block = true;
};                     // Reply: Done
struct GetBlocked {};  // Reply: Users
struct GetPrivacy {
  PrivacyKey key = PrivacyKey::kPhoneCall;
};  // Reply: Privacy
struct SetPrivacy {
  PrivacyKey key = PrivacyKey::kPhoneCall;
  struct Rule {
    PrivacyRule::Kind kind;
    std::vector<UserQuery> users;
  };
  std::vector<Rule> rules;
};  // Reply: Privacy
struct UpdateStatus {
  bool offline = false;
};                            // Reply: Done
struct GetAuthorizations {};  // Reply: Authorizations
struct ChangeAuthorizationSettings {
  std::int64_t hash = 0;
  bool set_calls = false, calls_disabled = false;
};  // Reply: Done

// -- updates -----------------------------------------------------------------------------------
struct GetState {};  // Reply: State
struct GetDifference {
  std::int32_t pts = 0;
};  // Reply: Difference
struct GetHistory {
  UserQuery peer;
  std::int32_t offset_id = 0, limit = 0;
};  // Reply: History

// -- calls -------------------------------------------------------------------------------------
struct PeerCall {
  CallId id;
  AccessHash access_hash;
};  // inputPhoneCall
struct RequestCall {
  UserQuery user;
  bool video = false;
  std::int32_t random_id = 0;
  Bytes g_a_hash;
  Protocol protocol;
  PeerAddress address{};
};  // Reply: Call
struct ReceivedCall {
  PeerCall peer;
};  // Reply: Done
struct AcceptCall {
  PeerCall peer;
  Bytes g_b;
  Protocol protocol;
  PeerAddress address{};
};  // Reply: Call
struct ConfirmCall {
  PeerCall peer;
  Bytes g_a;
  std::int64_t key_fingerprint = 0;
  Protocol protocol;
};  // Reply: Call
struct DiscardCall {
  PeerCall peer;
  bool video = false;
  std::int32_t duration = 0;
  call::Reason reason = call::Reason::kHangup;
  std::int64_t connection_id = 0;
  std::string slug{};  // kMigrateConferenceCall
};                     // Reply: UpdateBatch
struct SendSignalling {
  PeerCall peer;
  Bytes data;
};  // Reply: Done
struct SetCallRating {
  PeerCall peer;
  bool user_initiative = false;
  std::int32_t rating = 0;
  std::string comment;
};  // Reply: UpdateBatch (empty)
struct SaveCallDebug {
  PeerCall peer;
  std::string json;
  bool valid = true;  // it is JSON
};                    // Reply: Done
struct SaveCallLog {
  PeerCall peer;
  std::int64_t bytes = 0;  // of the uploaded parts, which nobody keeps
};                         // Reply: Done
// The session did not take updates that it was sent: what can't be fetched again is lost.
struct UpdatesLost {};  // no reply

}  // namespace cmd

using CommandBody =
    std::variant<cmd::CreateKey, cmd::DestroyKey, cmd::InitConnection, cmd::BindTempKey,
                 cmd::DropTempKeys, cmd::SessionOpened, cmd::SessionClosed, cmd::SendCode,
                 cmd::ResendCode, cmd::CancelCode, cmd::SignIn, cmd::SignUp, cmd::ImportBot,
                 cmd::LogOut, cmd::GetUsers, cmd::GetFullUser, cmd::ImportContacts,
                 cmd::ResolvePhone, cmd::GetContacts, cmd::AddContact, cmd::DeleteContacts,
                 cmd::Block, cmd::GetBlocked, cmd::GetPrivacy, cmd::SetPrivacy, cmd::UpdateStatus,
                 cmd::GetAuthorizations, cmd::ChangeAuthorizationSettings, cmd::GetState,
                 cmd::GetDifference, cmd::GetHistory, cmd::RequestCall, cmd::ReceivedCall,
                 cmd::AcceptCall, cmd::ConfirmCall, cmd::DiscardCall, cmd::SendSignalling,
                 cmd::SetCallRating, cmd::SaveCallDebug, cmd::SaveCallLog, cmd::UpdatesLost>;

struct Command {
  Requester from;
  CommandBody body;
};

}  // namespace trunkline::book
