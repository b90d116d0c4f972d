#include "heap/address_space.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace inquest::heap {
namespace {

using snapshot::Region;
using snapshot::Snapshot;

constexpr uint64_t kMebibyte = 1 << 20;
constexpr size_t kNewest = 8;
constexpr uint64_t kDefaultMapCount = 65530;  // DEFAULT_MAX_MAP_COUNT of linux/mm.h
/// Nothing that protects a stack is larger; a thread's own guard is one page as a rule.
constexpr uint64_t kLargestGuard = kMebibyte;

bool is_forbidden(const Region& region) {
  return region.access && !region.access->read && !region.access->write && !region.access->execute;
}

/// "[stack:4711]" -> 4711; "[stack]" -> the main thread.
std::optional<uint32_t> thread_of_stack(const Snapshot& process, std::string_view file) {
  if (file == "[stack]") {
    if (process.process.pid) return static_cast<uint32_t>(*process.process.pid);
    return process.threads.empty() ? std::nullopt : std::optional(process.threads.front().id);
  }
  uint32_t id = 0;
  std::string_view digits = file.substr(std::min(file.size(), std::string_view("[stack:").size()));
  auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), id);
  return error == std::errc() ? std::optional(id) : std::nullopt;
}

std::string thread_words(const Snapshot& process, uint32_t id) {
  const snapshot::Thread* thread = process.thread_by_id(id);
  std::string words = fmt::format("thread {}", id);
  if (thread && !thread->name.empty()) words += " " + thread->name;
  return words;
}

/// Files in memory that stand for memory two processes share.
bool is_shared_memory(std::string_view file) {
  return file.starts_with("/dev/shm/") || file.starts_with("/SYSV") ||
         file.starts_with("/memfd:") || file.starts_with("/dev/zero");
}

class Describer {
 public:
  Describer(const Snapshot& process, const Heaps& heaps) : process_(process), heaps_(heaps) {
    for (size_t arena = 0; arena < heaps.arenas.size(); ++arena) {
      for (AddressRange segment : heaps.arenas[arena].segments) {
        segments_.push_back({segment, arena});
      }
    }
    std::ranges::sort(segments_, {}, [](const Segment& s) { return s.range.begin; });
  }

  AddressSpace take() {
    for (const Region& region : process_.regions) add(region);
    find_guards();
    total();
    find_holes();
    find_newest();
    find_ceilings();
    return std::move(space_);
  }

 private:
  struct Segment {
    AddressRange range;
    size_t arena;
  };

  /// A region in parts: what arenas own of it, and the rest.
  void add(const Region& region) {
    Area whole = classify(region);
    if (whole.use != Use::anonymous && whole.use != Use::reserved) {
      space_.areas.push_back(std::move(whole));
      return;
    }
    while (next_ < segments_.size() && segments_[next_].range.end <= region.range.begin) ++next_;
    Address at = region.range.begin;
    std::string owner;
    for (size_t s = next_; s < segments_.size() && segments_[s].range.begin < region.range.end;
         ++s) {
      Address begin = std::max(at, segments_[s].range.begin);
      Address end = std::min(region.range.end, segments_[s].range.end);
      if (begin >= end) continue;
      if (at < begin) put(whole, {at, begin}, whole.use, {});
      owner = arena_words(segments_[s].arena);
      // Forbidden addresses inside a segment are kept for its growth.
      put(whole, {begin, end}, whole.use == Use::reserved ? Use::reserved : Use::heap, owner);
      at = end;
    }
    if (at < region.range.end)
      put(whole, {at, region.range.end}, whole.use, owner_before(at, whole));
  }

  /// glibc keeps the addresses behind a thread's heap for its growth.
  std::string owner_before(Address at, const Area& rest) const {
    if (rest.use != Use::reserved || space_.areas.empty()) return {};
    const Area& before = space_.areas.back();
    if (before.range.end != at || before.use != Use::heap) return {};
    return "for the growth of " + before.what;
  }

  void put(const Area& whole, AddressRange range, Use use, const std::string& what) {
    Area part = whole;
    part.range = range;
    part.use = use;
    part.what = what.empty() ? whole.what : what;
    uint64_t recorded = whole.range.begin + whole.recorded - Address{0};
    part.recorded =
        recorded <= range.begin.value ? 0 : std::min(range.size(), recorded - range.begin.value);
    space_.areas.push_back(std::move(part));
  }

  std::string arena_words(size_t arena) const {
    const Arena& a = heaps_.arenas[arena];
    return fmt::format("{}, {}", heaps_.allocators[a.allocator].name, a.name);
  }

  Area classify(const Region& region) const {
    Area area{.range = region.range, .access = region.access, .recorded = region.recorded};
    std::string_view file = region.file;
    if (file == "[guard]") {
      area.use = Use::guard;
    } else if (file == "[reserved]") {
      area.use = Use::reserved;
    } else if (file.starts_with("[stack")) {
      area.use = Use::stack;
      area.thread = thread_of_stack(process_, file);
      if (area.thread) area.what = thread_words(process_, *area.thread);
    } else if (file == "[vdso]" || file == "[vvar]" || file == "[vsyscall]" || file == "[teb]" ||
               file == "[peb]") {
      area.use = Use::system;
      area.what = file;
    } else if (const snapshot::Module* module = process_.module_at(region.range.begin)) {
      area.use = module->is_vdso ? Use::system : Use::image;
      area.what = module->file_name();
    } else if (region.shared || is_shared_memory(file)) {
      area.use = Use::shared;
      area.what = file;
    } else if (!file.empty() && file.front() != '[') {
      area.use = Use::file;
      area.what = file;
    } else {
      area.use = is_forbidden(region) ? Use::reserved : Use::anonymous;
      if (file != "[heap]") area.what = file;
      if (file == "[heap]") area.what = "the program break's";
    }
    return area;
  }

  /// Small forbidden areas that touch a stack from below are its guard.
  void find_guards() {
    auto& areas = space_.areas;
    for (size_t i = 0; i + 1 < areas.size(); ++i) {
      Area& area = areas[i];
      const Area& above = areas[i + 1];
      if (area.use != Use::reserved || above.use != Use::stack) continue;
      if (area.range.end != above.range.begin || area.range.size() > kLargestGuard) continue;
      area.use = Use::guard;
      area.thread = above.thread;
      area.what = above.what;
    }
  }

  void total() {
    std::array<UseTotal, kUses> totals{};
    for (const Area& area : space_.areas) {
      UseTotal& total = totals[static_cast<size_t>(area.use)];
      uint64_t bytes = area.range.size();
      ++total.areas;
      total.bytes += bytes;
      total.recorded += area.recorded;
      total.largest = std::max(total.largest, bytes);
      if (area.use == Use::reserved || area.use == Use::guard) continue;
      bool is_forbidden = area.access && *area.access == snapshot::Access{};
      if (!is_forbidden) total.committed += bytes;
    }
    for (size_t use = 0; use < kUses; ++use) {
      totals[use].use = static_cast<Use>(use);
      if (totals[use].areas > 0) space_.totals.push_back(totals[use]);
    }
    std::ranges::stable_sort(space_.totals, std::ranges::greater{}, &UseTotal::bytes);
  }

  /// What a program of this kind can have; for 32 bits the system decides, and a mapping above
  /// tells.
  AddressRange user_addresses() const {
    bool windows = process_.os == snapshot::Os::windows;
    Address highest = process_.regions.empty() ? Address{0} : process_.regions.back().range.end;
    // vsyscall lies above all that programs can have.
    for (size_t i = process_.regions.size(); i-- > 0;) {
      highest = process_.regions[i].range.end;
      if (highest.value < 1ull << 63) break;
    }
    if (!snapshot::is_64_bit(process_.arch)) {
      if (windows) {
        uint64_t end = highest.value > 0x80000000 ? 0xffff0000 : 0x7fff0000;
        return {{0x10000}, {end}};
      }
      return {{0x10000}, {highest.value > 0xc0000000 ? 0xffffe000 : 0xc0000000}};
    }
    if (windows) return {{0x10000}, {0x7ffffffe0000}};
    uint64_t bits = process_.arch == snapshot::Arch::aarch64 ? 48 : 47;
    return {{0x10000}, {(1ull << bits) - 4096}};
  }

  void find_holes() {
    space_.user = user_addresses();
    Address at = space_.user.begin;
    auto hole = [&](Address end) {
      AddressRange range{at, std::min(end, space_.user.end)};
      if (range.empty()) return;
      ++space_.holes;
      space_.free_bytes += range.size();
      if (range.size() > space_.largest_hole.size()) space_.largest_hole = range;
    };
    for (const Area& area : space_.areas) {
      hole(area.range.begin);
      at = std::max(at, area.range.end);
    }
    hole(space_.user.end);
    auto noted = process_.annotations.find("address_space");
    bool partial = noted != process_.annotations.end() && noted->second == "partial";
    if (partial) {
      space_.is_whole = false;
      space_.warnings.push_back(
          {"the dump has no list of the process's memory: areas it does not hold look free",
           "write minidumps with MiniDumpWithFullMemoryInfo"});
    }
    if (!process_.complete) space_.is_whole = false;
  }

  /// The area of mappings ends below the main stack, far above the program and its break.
  void find_newest() {
    if (process_.os != snapshot::Os::linux || !snapshot::is_64_bit(process_.arch)) return;
    constexpr uint64_t kMappings = 0x7f0000000000 >> 1;
    for (size_t i = 0; i < space_.areas.size() && space_.newest.size() < kNewest; ++i) {
      const Area& area = space_.areas[i];
      bool counts = area.use == Use::heap || area.use == Use::anonymous;
      if (counts && area.range.begin.value >= kMappings && area.range.size() >= kMebibyte) {
        space_.newest.push_back(i);
      }
    }
  }

  std::optional<uint64_t> noted(const char* key) const {
    auto found = process_.annotations.find(key);
    if (found == process_.annotations.end()) return {};
    uint64_t value = 0;
    const std::string& text = found->second;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc() ? std::optional(value) : std::nullopt;
  }

  void find_ceilings() {
    uint64_t used = 0, data = 0;
    for (const Area& area : space_.areas) {
      used += area.range.size();
      bool is_private = area.use == Use::heap || area.use == Use::anonymous;
      if (is_private && area.access && area.access->write) data += area.range.size();
    }
    auto& ceilings = space_.ceilings;
    if (!snapshot::is_64_bit(process_.arch)) {
      ceilings.push_back(
          {.what = "addresses of a 32-bit process", .used = used, .most = space_.user.size()});
    }
    if (auto most = noted("limit.address_space")) {
      ceilings.push_back({.what = "address space (RLIMIT_AS)", .used = used, .most = *most});
    }
    if (auto most = noted("limit.data")) {
      ceilings.push_back({.what = "private data (RLIMIT_DATA)", .used = data, .most = *most});
    }
    if (process_.os != snapshot::Os::linux || process_.regions.empty()) return;
    auto most = noted("limit.mappings");
    ceilings.push_back({.what = "mappings (vm.max_map_count)",
                        .used = process_.regions.size(),
                        .most = most.value_or(kDefaultMapCount),
                        .is_bytes = false,
                        .is_assumed = !most});
  }

  const Snapshot& process_;
  const Heaps& heaps_;
  std::vector<Segment> segments_;  // ascending
  size_t next_ = 0;
  AddressSpace space_;
};

}  // namespace

std::string_view name(Use use) {
  constexpr std::array<std::string_view, kUses> kNames{
      "image", "file", "stack", "heap", "anonymous", "shared", "guard", "reserved", "system"};
  return kNames[static_cast<size_t>(use)];
}

AddressSpace describe_address_space(const Snapshot& process, const Heaps& heaps) {
  return Describer(process, heaps).take();
}

}  // namespace inquest::heap
