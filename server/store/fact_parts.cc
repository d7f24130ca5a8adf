#include "server/store/fact_parts.h"

#include <optional>

#include "server/store/fact_codec.h"

namespace trunkline::store {
namespace {

template <class Message, class T>
std::string EncodePart(const T& from) {
  Message message;
  Put(from, &message);
  return message.SerializeAsString();
}

template <class Message, class T>
std::optional<T> DecodePart(ByteView bytes) {
  Message message;
  T to;
  if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return std::nullopt;
  if (!Get(message, to)) return std::nullopt;
  return to;
}

}  // namespace

void Put(const book::Protocol& from, Protocol* to) {
  to->set_udp_p2p(from.udp_p2p);
  to->set_udp_reflector(from.udp_reflector);
  to->set_min_layer(from.min_layer);
  to->set_max_layer(from.max_layer);
  for (const std::string& version : from.library_versions) to->add_library_versions(version);
}

void Put(const std::vector<book::Connection>& from, Connections* to) {
  for (const book::Connection& connection : from) {
    Connection* out = to->add_connections();
    out->set_kind(static_cast<std::uint32_t>(connection.kind));
    out->set_id(connection.id);
    out->set_ip(connection.ip);
    out->set_ipv6(connection.ipv6);
    out->set_port(connection.port);
    out->set_tcp(connection.tcp);
    out->set_peer_tag(ToText(connection.peer_tag));
    out->set_turn(connection.turn);
    out->set_stun(connection.stun);
    out->set_username(connection.username);
    out->set_password(connection.password);
  }
}

void Put(const std::vector<book::PrivacyRule>& from, PrivacyRules* to) {
  for (const book::PrivacyRule& rule : from) {
    PrivacyRule* out = to->add_rules();
    out->set_kind(static_cast<std::uint32_t>(rule.kind));
    for (const UserId user : rule.users) out->add_users(user.value());
  }
}

bool Get(const Protocol& from, book::Protocol& to) {
  to.udp_p2p = from.udp_p2p();
  to.udp_reflector = from.udp_reflector();
  to.min_layer = from.min_layer();
  to.max_layer = from.max_layer();
  to.library_versions.assign(from.library_versions().begin(), from.library_versions().end());
  return true;
}

bool Get(const Connections& from, std::vector<book::Connection>& to) {
  to.reserve(static_cast<std::size_t>(from.connections_size()));
  for (const Connection& in : from.connections()) {
    book::Connection& connection = to.emplace_back();
    if (!GetEnum(in.kind(), book::Connection::Kind::kWebrtc, connection.kind)) return false;
    connection.id = in.id();
    connection.ip = in.ip();
    connection.ipv6 = in.ipv6();
    connection.port = in.port();
    connection.tcp = in.tcp();
    connection.peer_tag = ToBytes(in.peer_tag());
    connection.turn = in.turn();
    connection.stun = in.stun();
    connection.username = in.username();
    connection.password = in.password();
  }
  return true;
}

bool Get(const PrivacyRules& from, std::vector<book::PrivacyRule>& to) {
  to.reserve(static_cast<std::size_t>(from.rules_size()));
  for (const PrivacyRule& in : from.rules()) {
    book::PrivacyRule& rule = to.emplace_back();
    if (!GetEnum(in.kind(), book::PrivacyRule::Kind::kDisallowUsers, rule.kind)) return false;
    for (const std::int64_t user : in.users()) rule.users.push_back(UserId(user));
  }
  return true;
}

std::string EncodeProtocol(const book::Protocol& protocol) {
  return EncodePart<Protocol>(protocol);
}
std::string EncodeConnections(const std::vector<book::Connection>& connections) {
  return EncodePart<Connections>(connections);
}
std::string EncodePrivacyRules(const std::vector<book::PrivacyRule>& rules) {
  return EncodePart<PrivacyRules>(rules);
}
std::optional<book::Protocol> DecodeProtocol(ByteView bytes) {
  return DecodePart<Protocol, book::Protocol>(bytes);
}
std::optional<std::vector<book::Connection>> DecodeConnections(ByteView bytes) {
  return DecodePart<Connections, std::vector<book::Connection>>(bytes);
}
std::optional<std::vector<book::PrivacyRule>> DecodePrivacyRules(ByteView bytes) {
  return DecodePart<PrivacyRules, std::vector<book::PrivacyRule>>(bytes);
}

}  // namespace trunkline::store
