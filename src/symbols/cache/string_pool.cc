#include "symbols/cache/string_pool.h"

#define XXH_INLINE_ALL
#include <cstring>
#include <xxhash.h>

namespace inquest::symbols {

uint32_t StringPool::intern(std::string_view text) {
  text = text.substr(0, text.find('\0'));
  if (text.empty() || bytes_.size() + text.size() + 1 > 0x7fffffff) return 0;
  if (2 * (used_ + 1) > slots_.size()) grow();
  auto hash = static_cast<uint32_t>(XXH3_64bits(text.data(), text.size()));
  for (size_t i = hash & (slots_.size() - 1);; i = (i + 1) & (slots_.size() - 1)) {
    Slot& slot = slots_[i];
    if (slot.offset == 0) {
      slot = {static_cast<uint32_t>(bytes_.size()), hash};
      bytes_.append(text).push_back('\0');
      ++used_;
      return slot.offset;
    }
    if (slot.hash == hash && bytes_.compare(slot.offset, text.size(), text) == 0 &&
        bytes_[slot.offset + text.size()] == '\0') {
      return slot.offset;
    }
  }
}

void StringPool::grow() {
  std::vector<Slot> old(2 * slots_.size());
  old.swap(slots_);
  for (const Slot& slot : old) {
    if (slot.offset == 0) continue;
    size_t i = slot.hash & (slots_.size() - 1);
    while (slots_[i].offset) i = (i + 1) & (slots_.size() - 1);
    slots_[i] = slot;
  }
}

}  // namespace inquest::symbols
