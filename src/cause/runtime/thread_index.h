/// Threads by what the C library calls them: their number, or the address of their descriptor.
///
/// Built once in linear time; borrows the Snapshot. Immutable; any thread.
#pragma once

#include <unordered_map>

#include "snapshot/snapshot.h"

namespace inquest::cause {

class ThreadIndex {
 public:
  explicit ThreadIndex(const snapshot::Snapshot& snapshot) {
    for (const auto& thread : snapshot.threads) {
      by_id_.emplace(thread.id, &thread);
      if (thread.tls) by_pointer_.emplace(*thread.tls, &thread);
    }
  }

  /// Null when the process has no such thread.
  const snapshot::Thread* by_id(uint32_t id) const { return find(by_id_, id); }
  /// By the thread pointer: on x86-64 also the address of glibc's struct pthread.
  const snapshot::Thread* by_pointer(uint64_t tls) const { return find(by_pointer_, tls); }

 private:
  template <class Map, class Key>
  static const snapshot::Thread* find(const Map& map, Key key) {
    auto found = map.find(key);
    return found == map.end() ? nullptr : found->second;
  }
  std::unordered_map<uint32_t, const snapshot::Thread*> by_id_;
  std::unordered_map<uint64_t, const snapshot::Thread*> by_pointer_;
};

}  // namespace inquest::cause
