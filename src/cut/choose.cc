#include "cut/choose.h"

#include <algorithm>
#include <elf.h>
#include <unordered_set>

#include "cut/image_header.h"
#include "cut/write.h"

namespace inquest::cut {
namespace {

using snapshot::Module;
using snapshot::Region;
using snapshot::Snapshot;
using snapshot::Thread;

constexpr uint64_t kRedZone = 128;
constexpr uint64_t kPage = 4096, kLineBytes = 64;
constexpr uint64_t kLowest = 1 << 16;  // no system maps anything below
constexpr uint64_t kCodeAround = 128;  // before and after a frame's pc
constexpr size_t kFramesOfThread = 1024;
/// Words of a stack that are taken for pointers; most threads wait, and their callers are alike.
constexpr uint64_t kWordsOfCrashed = 1 << 15, kWordsOfOther = 1 << 11;
/// Around the thread pointer: glibc's struct pthread (2304 bytes), thread-local data.
constexpr uint64_t kThreadBlock = 0x940;
/// TEB and PEB of 64 bits; those of 32 are smaller. Source: ntdll's public symbols.
constexpr uint64_t kTeb = 0x1840, kPeb = 0x480;

AddressRange around(Address at, uint64_t before, uint64_t after) {
  return {Address{at.value - std::min(at.value, before)},
          Address{at.value + std::min(after, UINT64_MAX - at.value)}};
}

AddressRange intersection(AddressRange a, AddressRange b) {
  return {std::max(a.begin, b.begin), std::min(a.end, b.end)};
}

class Chooser {
 public:
  Chooser(const Snapshot& snapshot, const snapshot::Memory& complete, const Options& options,
          uint64_t room)
      : snapshot_(snapshot),
        memory_(complete),
        options_(options),
        word_(snapshot::pointer_size(snapshot.arch)),
        is_partial_(snapshot.annotations.contains("address_space")),
        strings_(find_strings()),
        selection_(complete, room) {
    stacks_.reserve(snapshot.threads.size());
    for (const Thread& thread : snapshot.threads) stacks_.push_back(stack_of(thread));
    sorted_stacks_ = stacks_;
    std::erase_if(sorted_stacks_, [](const AddressRange& r) { return r.empty(); });
    std::ranges::sort(sorted_stacks_);
  }

  Choice choose(const Needs& needs) {
    keep_stacks(true);
    keep_read(needs.read);
    keep_code(needs.frames);
    for (const Module& module : snapshot_.modules) keep_image(module);
    keep_stacks(false);
    if (!options_.stacks_only) {
      for (const Thread& thread : snapshot_.threads) keep_thread_block(thread);
      for (bool crashed : {true, false}) keep_pointed_to(crashed);
    }
    Choice choice{.ranges = selection_.ranges()};
    for (size_t i = 0; i < kParts; ++i) choice.parts[i] = selection_.tally(static_cast<Part>(i));
    return choice;
  }

 private:
  /// Where the kernel put arguments and environment: above AT_RANDOM's bytes.
  AddressRange find_strings() const {
    auto random = snapshot_.process.auxv.find(AT_RANDOM);
    if (options_.environment || random == snapshot_.process.auxv.end()) return {};
    constexpr uint64_t kRandomBytes = 16;
    Address begin{random->second};
    const Region* stack = snapshot_.region_at(begin);
    return stack ? AddressRange{begin + kRandomBytes, stack->range.end} : AddressRange{};
  }

  AddressRange stack_of(const Thread& thread) const {
    auto sp = thread.registers.sp();
    if (!sp || sp->value < kLowest) return {};
    Address end = *sp;
    if (const Region* region = snapshot_.region_at(*sp)) {
      end = region->range.end;
    } else {
      end = *sp + memory_.view(*sp).size();
    }
    if (strings_.begin < end && *sp < strings_.begin) end = strings_.begin;
    uint64_t most = options_.stack_bytes * (thread.crashed ? 4 : 1);
    Address begin{(sp->value - kRedZone) & ~uint64_t{7}};
    if (is_partial_) begin = first_known(*sp, begin);
    return {begin, std::min(end, *sp + std::min(most, UINT64_MAX - sp->value))};
  }

  /// Where no map tells how far a stack reaches, the memory that is there does.
  Address first_known(Address sp, Address begin) const {
    constexpr uint64_t kMost = 64 << 10;
    const Region* region = snapshot_.region_at(sp);
    if (!region || sp - region->range.begin > kMost) return begin;
    return std::min(begin, region->range.begin);
  }

  void keep_stacks(bool crashed) {
    for (size_t i = 0; i < stacks_.size(); ++i) {
      if (snapshot_.threads[i].crashed != crashed) continue;
      selection_.keep(stacks_[i], crashed ? Part::crashed_stack : Part::stacks);
    }
  }

  bool in_a_stack(Address at) const {
    auto after = std::ranges::partition_point(sorted_stacks_,
                                              [&](const AddressRange& r) { return r.begin <= at; });
    return after != sorted_stacks_.begin() && (after - 1)->contains(at);
  }

  /// Program text and constants: what a build has anyway.
  bool is_of_image(Address at) const {
    if (!snapshot_.module_at(at)) return false;
    const Region* region = snapshot_.region_at(at);
    return !region || !region->access || !region->access->write;
  }

  void keep_read(const std::vector<AddressRange>& ranges) {
    for (const AddressRange& range : ranges) {
      if (!options_.stacks_only && !overlaps_strings(range)) {
        selection_.keep(range, Part::analysis);
        continue;
      }
      for (Address at = range.begin; at < range.end;) {
        Address end = std::min(range.end, Address{(at.value | (kLineBytes - 1)) + 1});
        if (end <= at) break;  // the last line of all
        bool is_wanted = !options_.stacks_only || in_a_stack(at) || in_a_stack(end - 1) ||
                         is_of_image(at) || is_stack_memory(at);
        if (is_wanted && !strings_.contains(at)) selection_.keep({at, end}, Part::analysis);
        at = end;
      }
    }
  }

  bool overlaps_strings(AddressRange range) const {
    return !strings_.empty() && !intersection(range, strings_).empty();
  }

  /// Deeper in a stack than its bytes' limit.
  bool is_stack_memory(Address at) const {
    const Region* region = snapshot_.region_at(at);
    return region && region->file.starts_with("[stack");
  }

  void keep_code(const std::vector<std::vector<Address>>& frames) {
    std::unordered_set<Address> seen;
    for (bool crashed : {true, false}) {
      for (size_t i = 0; i < std::min(frames.size(), snapshot_.threads.size()); ++i) {
        if (snapshot_.threads[i].crashed != crashed) continue;
        for (size_t f = 0; f < std::min(frames[i].size(), kFramesOfThread); ++f) {
          Address pc = frames[i][f];
          if (!is_code(pc) || !seen.insert(pc).second) continue;
          selection_.keep(around(pc, kCodeAround, kCodeAround), Part::images, true);
        }
      }
    }
  }

  bool is_code(Address pc) const {
    const Region* region = snapshot_.region_at(pc);
    if (region && region->access) return region->access->execute && !region->access->write;
    return snapshot_.module_at(pc) != nullptr;
  }

  void keep_image(const Module& module) {
    if (module.is_vdso) {
      selection_.keep(module.range, Part::images);
      return;
    }
    if (snapshot_.os != snapshot::Os::linux) {
      constexpr uint64_t kHeaders = 0x400;
      selection_.keep(
          intersection({module.range.begin, module.range.begin + kHeaders}, module.range),
          Part::images);
      return;
    }
    for (const AddressRange& range : image_header(memory_, module.range)) {
      selection_.keep(range, Part::images, true);
    }
    // Without an identity, a file is known by the bytes that the dump has of it.
    if (module.identity.build_id.empty() && !module.identity.debug_id) {
      AddressRange page{module.range.begin, module.range.begin + kPage};
      if (is_of_image(page.begin)) selection_.keep(intersection(page, module.range), Part::images);
    }
  }

  void keep_thread_block(const Thread& thread) {
    if (!thread.tls) return;
    Address at{*thread.tls};
    if (snapshot_.os != snapshot::Os::windows) {
      selection_.keep(around(at, kThreadBlock, kThreadBlock), Part::thread_blocks);
      return;
    }
    selection_.keep(around(at, 0, kTeb), Part::thread_blocks);
    auto peb = memory_.read_pointer(at + (word_ == 8 ? 0x60 : 0x30), word_);
    if (peb && *peb >= kLowest) {
      selection_.keep(around(Address{*peb}, 0, kPeb), Part::thread_blocks);
    }
  }

  void keep_pointed_to(bool crashed) {
    for (size_t i = 0; i < stacks_.size(); ++i) {
      const Thread& thread = snapshot_.threads[i];
      if (thread.crashed != crashed) continue;
      for (snapshot::Register n = 0; n < snapshot::Registers::kCapacity; ++n) {
        if (auto value = thread.registers.get(n)) keep_target(*value);
      }
      keep_targets_of(stacks_[i], crashed ? kWordsOfCrashed : kWordsOfOther);
    }
  }

  void keep_targets_of(AddressRange stack, uint64_t words) {
    Address at = stack.begin;
    while (at < stack.end && words > 0 && has_room()) {
      Bytes run = memory_.view(at, std::min(stack.end - at, words * word_));
      if (run.size() < word_) return;
      for (size_t k = 0; k + word_ <= run.size() && has_room(); k += word_) {
        uint64_t value = 0;
        std::memcpy(&value, run.data() + k, word_);
        keep_target(value);
      }
      words -= std::min(words, run.size() / word_);
      at = at + run.size() / word_ * word_;
    }
  }

  bool has_room() const {
    if (selection_.room() < options_.around) return false;
    return options_.size || selection_.tally(Part::pointed_to).kept < Options::kPointedTo;
  }

  void keep_target(uint64_t value) {
    Address at{value};
    if (value < kLowest || !has_room() || in_a_stack(at) || strings_.contains(at)) return;
    const Region* region = snapshot_.region_at(at);
    if (!region || (region->access && region->access->execute)) return;
    if (is_of_image(at)) return;
    AddressRange range = around(at, options_.around / 4, options_.around - options_.around / 4);
    range = intersection(range, region->range);
    if (overlaps_strings(range)) range.end = std::min(range.end, strings_.begin);
    selection_.keep(range, Part::pointed_to);
  }

  const Snapshot& snapshot_;
  const snapshot::Memory& memory_;
  const Options& options_;
  unsigned word_;
  bool is_partial_;  ///< regions are only what the dump holds
  AddressRange strings_;
  std::vector<AddressRange> stacks_, sorted_stacks_;
  Selection selection_;
};

}  // namespace

Result<Choice> choose(const Snapshot& snapshot, const snapshot::Memory& complete,
                      const Needs& needs, const Options& options, uint64_t fixed_bytes) {
  uint64_t limit = std::min(options.size.value_or(kLargestMinidump), kLargestMinidump);
  if (fixed_bytes > limit) {
    return fail(fmt::format("threads, modules and the map of memory alone take {} KiB",
                            (fixed_bytes + 1023) / 1024),
                "give a larger --size");
  }
  return Chooser(snapshot, complete, options, limit - fixed_bytes).choose(needs);
}

}  // namespace inquest::cut
