#include "answer/heap_map.h"

namespace inquest::answer {

std::string_view name(MapKind kind) {
  static constexpr std::string_view names[] = {
      "all",    "shared",       "lost",    "registers", "stack",
      "global", "thread-local", "mapping", "blocks",    "others",
  };
  return names[static_cast<size_t>(kind)];
}

}  // namespace inquest::answer
