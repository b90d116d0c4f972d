#include "heap/msvc_debug/msvc_debug.h"

#include <algorithm>
#include <fmt/core.h>
#include <unordered_map>

#include "heap/windows/target.h"

namespace inquest::heap::msvc_debug {
namespace {

constexpr uint32_t kGuard = 0xfdfdfdfd;  ///< _bNoMansLandFill, four times
constexpr uint64_t kGuardBytes = 4;
enum Use : uint16_t { kFreed, kNormal, kRuntime, kIgnored, kClient, kUses };
constexpr size_t kMostFiles = 1 << 16, kMostFaults = 1000;

/// _CrtMemBlockHeader.
struct Header {
  uint64_t next, previous;
  uint64_t file;
  uint32_t line;
  uint64_t size;
  uint32_t use;  ///< the low half; the upper is a client's own
  uint32_t request;
  uint32_t guard;
};

class Peeler {
 public:
  Peeler(const Input& input, Heaps& heaps)
      : target_(input.process), heaps_(heaps), header_bytes_(target_.word() == 8 ? 0x30 : 0x20) {
    first_fault_ = heaps.faults.size();
  }

  void peel() {
    for (size_t i = 0; i < heaps_.blocks.size(); ++i) {
      Block& block = heaps_.blocks[i];
      if (block.state() == State::used && is_of_windows(block)) peel(block, i);
    }
    if (heaps_.origins.empty()) return;
    for (size_t allocator : peeled_)
      heaps_.allocators[allocator].layout += "; MSVC debug heap in it";
    name_neighbours();
    std::ranges::stable_sort(heaps_.faults, {}, [](const Fault& fault) { return fault.at; });
    if (not_kept_ != 0) {
      heaps_.warnings.push_back(
          {.what = fmt::format("{} more faults of debug blocks are not listed", not_kept_),
           .advice = "the first in address order is the one to look at"});
    }
  }

 private:
  bool is_of_windows(const Block& block) const {
    const std::string& name = heaps_.allocators[heaps_.arenas[block.arena].allocator].name;
    return name == "NT heap" || name == "Wine heap" || name == "segment heap";
  }

  Header read(uint64_t at) {
    Header header;
    const unsigned word = target_.word();
    header.next = target_.pointer(at);
    header.previous = target_.pointer(at + word);
    header.file = target_.pointer(at + 2 * word);
    header.line = target_.u32(at + 3 * word);
    // With 64 bits use and size change places, so that no gap is left.
    uint64_t size_at = at + (word == 8 ? 0x20 : 0x10), use_at = at + (word == 8 ? 0x1c : 0x14);
    header.size = target_.pointer(size_at);
    header.use = target_.u32(use_at);
    header.request = target_.u32(at + header_bytes_ - 8);
    header.guard = target_.u32(at + header_bytes_ - 4);
    return header;
  }

  void peel(Block& block, size_t index) {
    const uint64_t least = header_bytes_ + kGuardBytes;
    if (block.size < least) return;
    uint64_t at = block.begin, room = block.size - least;
    // Of most blocks of other programs this one word already says no.
    uint32_t guard = target_.u32(at + header_bytes_ - 4);
    uint64_t size_at = at + (target_.word() == 8 ? 0x20 : 0x10);
    if (guard != kGuard && target_.pointer(size_at) != room) return;
    Header header = read(at);
    bool is_linked = are_linked(at, header), fits = header.size <= room;
    bool has_use = (header.use & 0xffff) < kUses && (header.use >> 16 == 0 || is_client(header));
    // Two of three must be right: the links, the size with the use, the guard.
    if (!has_use || is_linked + (fits && header.size == room) + (guard == kGuard) < 2) return;
    // A tree's node with a small number is all that too; but no bytes FD are near.
    if (guard != kGuard && !has_guard_near(at, header, fits)) return;
    take(block, index, header, room, fits);
  }
  /// Once all blocks begin where they do at last.
  void name_neighbours() {
    for (auto [index, at] : faults_) {
      Fault& fault = heaps_.faults[index];
      size_t behind = heaps_.blocks[at].address() > fault.at ? at : at + 1;
      if (behind > 0) fault.before = heaps_.blocks[behind - 1].address();
      if (behind < heaps_.blocks.size()) fault.after = heaps_.blocks[behind].address();
    }
  }
  static bool is_client(const Header& header) {
    uint32_t use = header.use & 0xffff;
    return use == kClient || use == kRuntime;
  }

  /// A neighbour in the list of all debug blocks points back.
  bool are_linked(uint64_t at, const Header& header) {
    return (header.next != 0 && target_.pointer(header.next + target_.word()) == at) ||
           (header.previous != 0 && target_.pointer(header.previous) == at);
  }

  /// Behind the data, or in the header of a neighbour in the list.
  bool has_guard_near(uint64_t at, const Header& header, bool fits) {
    const uint64_t guard_at = header_bytes_ - kGuardBytes;
    return (fits && target_.u32(at + header_bytes_ + header.size) == kGuard) ||
           (header.next != 0 && target_.u32(header.next + guard_at) == kGuard) ||
           (header.previous != 0 && target_.u32(header.previous + guard_at) == kGuard);
  }

  void take(Block& block, size_t index, const Header& header, uint64_t room, bool fits) {
    uint64_t data = block.begin + header_bytes_, size = fits ? header.size : room;
    Origin origin{.block = static_cast<uint32_t>(index),
                  .file = file_index(header.file),
                  .line = header.line,
                  .request = header.request,
                  .use = static_cast<uint16_t>(header.use & 0xffff)};
    block.begin = data;
    block.size = size;
    if (!fits) {
      fault(data - 8, block,
            fmt::format("size {:#x} in the debug header of {} is not a size", header.size,
                        describe(data, origin)));
    }
    if (header.guard != kGuard) {
      fault(data - kGuardBytes, block,
            fmt::format("the guard bytes before {} are overwritten: {:#010x}",
                        describe(data, origin), header.guard));
    }
    uint32_t behind = target_.u32(data + size);
    if (fits && behind != kGuard) {
      fault(data + size, block,
            fmt::format("the guard bytes behind {} are overwritten: {:#010x}",
                        describe(data, origin), behind));
    }
    if (origin.use == kFreed) {
      block.set_state(State::cached);
      check_freed(block, data, size, origin);
    }
    heaps_.origins.push_back(origin);
    size_t allocator = heaps_.arenas[block.arena].allocator;
    if (std::ranges::find(peeled_, allocator) == peeled_.end()) peeled_.push_back(allocator);
  }

  /// What is kept after free is filled with DD: whatever else is there was written too late.
  void check_freed(const Block& block, uint64_t data, uint64_t size, const Origin& origin) {
    constexpr uint8_t kDead = 0xdd;
    constexpr uint64_t kLooked = 1 << 16;
    Bytes bytes = target_.process().memory.view({data}, std::min(size, kLooked));
    auto written = std::ranges::find_if(bytes, [](std::byte b) { return b != std::byte{kDead}; });
    if (written == bytes.end()) return;
    fault(data + static_cast<uint64_t>(written - bytes.begin()), block,
          fmt::format("{} was written to after it was freed", describe(data, origin)));
  }

  std::string describe(uint64_t data, const Origin& origin) {
    std::string text = fmt::format("block {:#x} (request {}", data, origin.request);
    if (origin.file != 0)
      text += fmt::format(", {}:{}", heaps_.origin_files[origin.file], origin.line);
    return text + ")";
  }

  uint32_t file_index(uint64_t at) {
    if (heaps_.origin_files.empty()) heaps_.origin_files.emplace_back();
    if (at == 0) return 0;
    auto [known, is_new] = files_.try_emplace(at, 0);
    if (!is_new) return known->second;
    if (heaps_.origin_files.size() >= kMostFiles) return 0;
    auto name = target_.process().memory.read_string({at}, 1024);
    bool is_text = name && !name->empty() && std::ranges::all_of(*name, [](unsigned char c) {
                     return c >= 0x20 && c != 0x7f;
                   });
    if (!is_text) return 0;
    known->second = static_cast<uint32_t>(heaps_.origin_files.size());
    heaps_.origin_files.push_back(*name);
    return known->second;
  }

  void fault(uint64_t at, const Block& block, std::string what) {
    if (heaps_.faults.size() - first_fault_ >= kMostFaults) {
      ++not_kept_;
      return;
    }
    Fault found{.at = {at}, .what = std::move(what), .arena = block.arena};
    faults_.push_back({heaps_.faults.size(), static_cast<size_t>(&block - heaps_.blocks.data())});
    heaps_.faults.push_back(std::move(found));
  }

  windows::Target target_;
  Heaps& heaps_;
  uint64_t header_bytes_;
  size_t first_fault_;
  uint64_t not_kept_ = 0;
  std::vector<size_t> peeled_;
  struct FaultOf {
    size_t fault, block;
  };
  std::vector<FaultOf> faults_;
  std::unordered_map<uint64_t, uint32_t> files_;  ///< by address of the name
};

}  // namespace

void peel(const Input& input, Heaps& heaps) { Peeler(input, heaps).peel(); }

}  // namespace inquest::heap::msvc_debug
