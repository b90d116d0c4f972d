/// What the readers of Windows heaps share: pointers of the process's width, its TEBs and PEB, and
/// the places where a heap may begin.
///
/// Source: Windows SDK winternl.h (TEB, PEB), and the types in the public PDBs of ntdll for what
/// that header calls Reserved. Borrows the Snapshot. One a thread, as Words.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "heap/words.h"

namespace inquest::heap::windows {

/// Memory of a Windows process.
class Target {
 public:
  explicit Target(const snapshot::Snapshot& process);

  const snapshot::Snapshot& process() const { return process_; }
  /// Bytes of a pointer: 4 or 8.
  unsigned word() const { return word_; }
  /// Bytes that blocks are multiples of, and aligned to: two pointers.
  unsigned unit() const { return 2 * word_; }

  /// Values at an address; 0 where there is none.
  uint64_t pointer(uint64_t at) { return word_ == 8 ? words_.word(at) : words_.half(at); }
  uint32_t u32(uint64_t at) { return words_.half(at); }
  uint16_t u16(uint64_t at) { return words_.read<uint16_t>(at).value_or(0); }
  uint8_t u8(uint64_t at) { return words_.read<uint8_t>(at).value_or(0); }
  template <class T>
  std::optional<T> read(uint64_t at) {
    return words_.read<T>(at);
  }

  /// Address of the process environment block; 0 when no thread tells it.
  uint64_t peb() const { return peb_; }
  /// PEB.ProcessHeap; 0 when not known.
  uint64_t process_heap() { return peb_ == 0 ? 0 : pointer(peb_ + 6 * word_); }
  /// PEB.ProcessHeaps[NumberOfHeaps].
  std::vector<uint64_t> heaps_in_peb();

 private:
  const snapshot::Snapshot& process_;
  Words words_;
  unsigned word_;
  uint64_t peb_ = 0;
};

/// Multiples of 64 KiB, to which VirtualAlloc aligns, that the dump has memory at and where
/// `is_heap` says yes; with those that the PEB names. Ascending.
std::vector<uint64_t> find_bases(Target& target, const std::function<bool(uint64_t)>& is_heap);

/// A ring of LIST_ENTRYs (next, previous) whose head is at `head`: visit(entry) for each. Goes
/// backwards from the head where the way forward is broken, and names the break. Ends: an entry
/// counts only if it points back at the one before it.
struct Break {
  uint64_t at = 0;     ///< the pointer that leads astray
  uint64_t value = 0;  ///< where to
};
std::optional<Break> walk_ring(Target& target, uint64_t head,
                               const std::function<void(uint64_t)>& visit);

/// What was walked already. Heaps share no memory, so whoever claims what another has is damaged;
/// and no memory is walked twice, whatever lists say.
class Claims {
 public:
  /// False when some of the range is claimed.
  bool claim(uint64_t begin, uint64_t end) {
    auto next = ranges_.lower_bound(begin);
    if (next != ranges_.end() && next->first < end) return false;
    if (next != ranges_.begin() && std::prev(next)->second > begin) return false;
    ranges_[begin] = end;
    return true;
  }

 private:
  std::map<uint64_t, uint64_t> ranges_;  ///< begin -> end
};

}  // namespace inquest::heap::windows
