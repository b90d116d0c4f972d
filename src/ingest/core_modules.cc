#include "ingest/core_modules.h"

#include <algorithm>
#include <cstring>
#include <elf.h>
#include <map>
#include <unordered_map>

#include "base/limits.h"
#include "ingest/link_map.h"
#include "ingest/memory_image.h"

namespace inquest::ingest {
namespace {

using snapshot::Module;
using snapshot::Region;
using snapshot::Snapshot;

constexpr std::string_view kDeletedMark = " (deleted)";

class ModuleFinder {
 public:
  ModuleFinder(const CoreNotes& notes, Snapshot& snapshot)
      : notes_(notes), snapshot_(snapshot), linked_(read_link_map(snapshot)) {
    for (const LinkedImage& image : linked_) {
      by_bias_.emplace(image.bias, &image);
      by_dynamic_.emplace(image.dynamic, &image);
    }
  }

  void find() {
    find_images_in_memory();
    find_mapped_images();
    find_linked_images();
    make_disjoint();
    mark_main();
  }

 private:
  /// Images whose ELF header the core recorded: exact bias, range and build id.
  void find_images_in_memory() {
    std::vector<Module> found;
    auto vdso = snapshot_.process.auxiliary(AT_SYSINFO_EHDR);
    size_t tries = kLimits.modules;
    for (const Region& region : snapshot_.regions) {
      if (region.recorded == 0 || (region.file_offset && region.file_offset->value != 0)) continue;
      Address base = region.range.begin;
      if (!begins_like_elf(base)) continue;
      if (tries-- == 0) break;
      auto image = read_memory_image(snapshot_.memory, base, snapshot_.arch);
      if (!image) continue;
      bool is_vdso = vdso == base.value;
      if (!is_vdso && !is_loaded(*image)) continue;
      Module module{.range = image->range, .bias = image->bias, .is_vdso = is_vdso};
      module.identity.build_id = std::move(image->build_id);
      set_path(module, is_vdso ? std::string_view("[vdso]") : std::string_view(region.file));
      found.push_back(std::move(module));
    }
    append(std::move(found));
  }

  /// Files mapped with an executable part whose header is not recorded: the bias is the linker's,
  /// or that of an image whose file offsets equal its addresses, as those of libraries begin.
  void find_mapped_images() {
    std::vector<Module> found;
    const auto& files = notes_.files;
    for (size_t i = 0; i < files.size() && found.size() < kLimits.modules;) {
      size_t end = i + 1;
      while (end < files.size() && files[end].path == files[i].path &&
             files[end].offset >= files[end - 1].offset) {
        ++end;
      }
      bool executable = std::any_of(files.begin() + i, files.begin() + end, [&](auto& mapping) {
        const Region* region = snapshot_.region_at(mapping.range.begin);
        return region && region->access && region->access->execute;
      });
      AddressRange range{files[i].range.begin, files[end - 1].range.end};
      if (executable && !files[i].path.empty() && !overlaps(range)) {
        Module module{.range = range};
        module.bias = guess_bias(files[i], range);
        set_path(module, files[i].path);
        found.push_back(std::move(module));
      }
      i = end;
    }
    append(std::move(found));
  }

  /// What only the linker knows of: cores without a list of mapped files.
  void find_linked_images() {
    std::vector<Module> found;
    for (const LinkedImage& image : linked_) {
      const Region* dynamic = snapshot_.region_at(image.dynamic);
      if (!dynamic || snapshot_.module_at(image.dynamic)) continue;
      const Region* first = snapshot_.region_at(Address{image.bias});
      AddressRange range = dynamic->range;
      if (first && first->range.begin < range.begin) range.begin = first->range.begin;
      if (overlaps(range)) continue;
      Module module{.range = range, .bias = image.bias};
      set_path(module, image.name);
      found.push_back(std::move(module));
    }
    append(std::move(found));
  }

  bool begins_like_elf(Address base) const {
    Bytes head = snapshot_.memory.view(base, SELFMAG);
    return head.size() == SELFMAG && std::memcmp(head.data(), ELFMAG, SELFMAG) == 0;
  }

  /// Whether the image runs here, or its file is only being read: code is mapped where the header
  /// says, and executable; or the linker lists it.
  bool is_loaded(const MemoryImage& image) const {
    if (by_bias_.contains(image.bias)) return true;
    bool has_code = false;
    for (const elf::Segment& s : image.segments) {
      if (s.type != PT_LOAD || !(s.flags & PF_X)) continue;
      has_code = true;
      const Region* region = snapshot_.region_at(Address{s.vaddr + image.bias});
      if (region && (!region->access || region->access->execute)) return true;
    }
    return !has_code;
  }

  uint64_t guess_bias(const FileMapping& first, AddressRange range) const {
    auto linked = by_dynamic_.lower_bound(range.begin);
    if (linked != by_dynamic_.end() && linked->first < range.end) return linked->second->bias;
    for (uint64_t key : {AT_PHDR, AT_ENTRY}) {
      auto at = snapshot_.process.auxiliary(key);
      if (!at || !first.range.contains(Address{*at})) continue;
      if (auto bias = executable_bias(snapshot_)) return *bias;
    }
    uint64_t guess = first.range.begin.value - first.offset;
    // Below 4 GiB only executables of a fixed address lie, and theirs is no bias at all.
    constexpr uint64_t kFixed = 1ull << 32;
    return snapshot::is_64_bit(snapshot_.arch) && guess < kFixed ? 0 : guess;
  }

  /// Names a module by the mapped file, or else by the linker.
  void set_path(Module& module, std::string_view path) {
    auto linked = by_bias_.find(module.bias);
    if (path.empty() && linked != by_bias_.end()) path = linked->second->name;
    if (path.ends_with(kDeletedMark)) {
      path.remove_suffix(kDeletedMark.size());
      module.deleted = true;
    }
    module.path = path;
  }

  bool overlaps(AddressRange range) const {
    const auto& modules = snapshot_.modules;
    auto after = std::ranges::partition_point(
        modules, [&](const Module& m) { return m.range.end <= range.begin; });
    return after != modules.end() && after->range.begin < range.end;
  }

  void append(std::vector<Module> found) {
    auto& modules = snapshot_.modules;
    modules.insert(modules.end(), std::make_move_iterator(found.begin()),
                   std::make_move_iterator(found.end()));
    make_disjoint();
  }

  /// Images do not overlap; where damage makes them, the later one's begin is trusted more than the
  /// earlier one's length.
  void make_disjoint() {
    auto& modules = snapshot_.modules;
    std::ranges::sort(modules, {}, &Module::range);
    auto last = std::ranges::unique(modules, {}, [](const Module& m) { return m.range.begin; });
    modules.erase(last.begin(), last.end());
    for (size_t i = 1; i < modules.size(); ++i) {
      Address& end = modules[i - 1].range.end;
      end = std::min(end, modules[i].range.begin);
    }
    if (modules.size() > kLimits.modules) modules.resize(kLimits.modules);
  }

  void mark_main() {
    for (uint64_t key : {AT_PHDR, AT_ENTRY}) {
      auto at = snapshot_.process.auxiliary(key);
      const Module* found = at ? snapshot_.module_at(Address{*at}) : nullptr;
      if (!found || found->is_vdso) continue;
      Module& main = snapshot_.modules[static_cast<size_t>(found - snapshot_.modules.data())];
      main.is_main = true;
      if (main.path.empty()) main.path = snapshot_.process.executable;
      return;
    }
  }

  const CoreNotes& notes_;
  Snapshot& snapshot_;
  std::vector<LinkedImage> linked_;
  std::unordered_map<uint64_t, const LinkedImage*> by_bias_;
  std::map<Address, const LinkedImage*> by_dynamic_;
};

}  // namespace

void find_modules(const CoreNotes& notes, Snapshot& snapshot) {
  ModuleFinder(notes, snapshot).find();
}

}  // namespace inquest::ingest
