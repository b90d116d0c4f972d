/// What the targets of debug information ask of a type, and of what it is made of.
#pragma once

#include "symbols/types.h"

inline void ask_of_types(const inquest::symbols::TypeReader& types, inquest::symbols::TypeId id,
                         int depth) {
  if (depth > 5) return;
  inquest::symbols::Type type = types.type(id);
  types.enumerators(id);
  types.member_at(id, 9);
  size_t most = 16;
  for (const inquest::symbols::Member& member : types.members(id)) {
    if (most-- == 0) break;
    ask_of_types(types, member.type, depth + 1);
  }
  if (type.target) ask_of_types(types, type.target, depth + 1);
}
