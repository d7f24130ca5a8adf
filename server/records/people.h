// What people of an organization are told apart and found by, in words.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "server/records/types.h"

namespace trunkline::records {

// The longest e-mail address there is.
inline constexpr std::size_t kEmailBytesMax = 254;

inline std::string_view NameOf(Role role) {
  switch (role) {
    case Role::kAdmin:
      return "admin";
    case Role::kMember:
      return "member";
    case Role::kService:
      break;
  }
  return "service";
}
// Of a person; nullopt: it is none of theirs.
inline std::optional<Role> RoleNamed(std::string_view name) {
  for (const Role role : {Role::kAdmin, Role::kMember}) {
    if (name == NameOf(role)) return role;
  }
  return std::nullopt;
}

}  // namespace trunkline::records
