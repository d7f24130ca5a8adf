// auth.bindTempAuthKey (perfect forward secrecy): the two things the message layer has to know
// about it.
#pragma once

#include "common/bytes.h"
#include "common/gzip.h"
#include "common/secret.h"
#include "server/mtproto/engine.h"

namespace trunkline::mtproto {

// Whether the message is auth.bindTempAuthKey, bare or inside wrappers and one gzip_packed. Its
// salt isn't checked: some clients restart the connection when they are told a salt in the middle
// of a bind.
bool IsBindTempAuthKey(ByteView body, Gzip& gzip, Bytes& scratch);

// Whether encrypted_message was made by the owner of the permanent key for exactly this binding:
// MTProto 1.0 encryption, every field equal. Constant time in the key.
bool ProvesBinding(const AuthKey& perm_key, const Engine::Binding& binding,
                   ByteView encrypted_message);

}  // namespace trunkline::mtproto
