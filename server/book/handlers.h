// One handler a command, in files by subject: keys, sign_in, users, contacts, privacy, boxes,
// sessions, calls. The book has checked that the asker may call them (book.cc).
#pragma once

#include "server/book/command.h"
#include "server/book/turn.h"

namespace trunkline::book {

// keys.cc
void Handle(Turn& turn, const cmd::CreateKey& command);
void Handle(Turn& turn, const cmd::DestroyKey& command);
void Handle(Turn& turn, const cmd::InitConnection& command);
void Handle(Turn& turn, const cmd::BindTempKey& command);
void Handle(Turn& turn, const cmd::DropTempKeys& command);
// sessions.cc
void Handle(Turn& turn, const cmd::SessionOpened& command);
void Handle(Turn& turn, const cmd::SessionClosed& command);
// sign_in.cc
void Handle(Turn& turn, const cmd::SendCode& command);
void Handle(Turn& turn, const cmd::ResendCode& command);
void Handle(Turn& turn, const cmd::CancelCode& command);
void Handle(Turn& turn, const cmd::SignIn& command);
void Handle(Turn& turn, const cmd::SignUp& command);
void Handle(Turn& turn, const cmd::ImportBot& command);
void Handle(Turn& turn, const cmd::LogOut& command);
AddedPerson AddPerson(Turn& turn, const NewPerson& person);
// users.cc
void Handle(Turn& turn, const cmd::GetUsers& command);
void Handle(Turn& turn, const cmd::GetFullUser& command);
void Handle(Turn& turn, const cmd::UpdateStatus& command);
void Handle(Turn& turn, const cmd::GetAuthorizations& command);
void Handle(Turn& turn, const cmd::ChangeAuthorizationSettings& command);
// contacts.cc
void Handle(Turn& turn, const cmd::ImportContacts& command);
void Handle(Turn& turn, const cmd::ResolvePhone& command);
void Handle(Turn& turn, const cmd::GetContacts& command);
void Handle(Turn& turn, const cmd::AddContact& command);
void Handle(Turn& turn, const cmd::DeleteContacts& command);
void Handle(Turn& turn, const cmd::Block& command);
void Handle(Turn& turn, const cmd::GetBlocked& command);
// privacy.cc
void Handle(Turn& turn, const cmd::GetPrivacy& command);
void Handle(Turn& turn, const cmd::SetPrivacy& command);
// boxes.cc
void Handle(Turn& turn, const cmd::GetState& command);
void Handle(Turn& turn, const cmd::GetDifference& command);
void Handle(Turn& turn, const cmd::GetHistory& command);
// request.cc
void Handle(Turn& turn, const cmd::RequestCall& command);
// calls.cc
void Handle(Turn& turn, const cmd::ReceivedCall& command);
void Handle(Turn& turn, const cmd::AcceptCall& command);
void Handle(Turn& turn, const cmd::ConfirmCall& command);
void Handle(Turn& turn, const cmd::DiscardCall& command);
// after_call.cc
void Handle(Turn& turn, const cmd::SendSignalling& command);
void Handle(Turn& turn, const cmd::SetCallRating& command);
void Handle(Turn& turn, const cmd::SaveCallDebug& command);
void Handle(Turn& turn, const cmd::SaveCallLog& command);
void Handle(Turn& turn, const cmd::UpdatesLost& command);

// -- shared by subjects --

// 0: unknown, or the access hash is wrong.
UserId FindUser(Turn& turn, const UserQuery& query);
// Trimmed name, empty if it isn't valid UTF-8 or too long.
std::string CleanName(const std::string& name, bool& valid);
std::string DigitsOf(const std::string& phone);  // empty: not a phone number
UserId UserOfPhone(const State& state, const std::string& digits);

// boxes.cc: takes a message out of its owner's box, if it may be there.
bool DeleteMessage(Turn& turn, UserId owner, std::int32_t message_id);

// keys.cc: the key and every key bound to it.
void TellKeyChanged(Turn& turn, AuthKeyId key);
KeyInfo KeyInfoOf(const State& state, AuthKeyId id);
// With the temporary keys bound to it; ends the calls of the device.
void DestroyKey(Turn& turn, AuthKeyId id);

}  // namespace trunkline::book
