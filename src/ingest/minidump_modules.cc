// Modules with what identifies their builds.
#include <algorithm>
#include <elf.h>
#include <map>

#include "base/limits.h"
#include "ingest/memory_image.h"
#include "ingest/minidump_parts.h"

namespace inquest::ingest {
namespace {

using minidump::CodeView;
using snapshot::Module;
using snapshot::Region;
using snapshot::Snapshot;

constexpr std::string_view kDeleted = " (deleted)";

/// 32 upper-case hex digits, as SymSrv and Breakpad name folders.
std::string guid_text(const std::array<uint8_t, 16>& g) {
  std::string text;
  // Three little-endian numbers, then bytes.
  for (int i : {3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15}) {
    text += fmt::format("{:02X}", g[static_cast<size_t>(i)]);
  }
  return text;
}

bool is_zero(const auto& bytes) {
  return std::ranges::all_of(bytes, [](auto b) { return static_cast<int>(b) == 0; });
}

/// Breakpad names the .sym of an ELF image by the first 16 bytes of its build id, taken as a GUID.
std::string debug_id_of_build_id(Bytes id) {
  std::array<uint8_t, 16> guid{};
  for (size_t i = 0; i < std::min(id.size(), guid.size()); ++i) {
    guid[i] = std::to_integer<uint8_t>(id[i]);
  }
  return guid_text(guid) + "0";
}

void identify(const minidump::Module& from, Module& module) {
  const CodeView& record = from.codeview;
  snapshot::Identity& identity = module.identity;
  switch (record.kind) {
    case CodeView::Kind::pdb70:
      if (!is_zero(record.guid)) {
        identity.debug_id = guid_text(record.guid) + fmt::format("{:X}", record.age);
      }
      identity.debug_file = record.file;
      break;
    case CodeView::Kind::pdb20:
      identity.debug_id = fmt::format("{:08X}{:X}", record.timestamp, record.age);
      identity.debug_file = record.file;
      break;
    case CodeView::Kind::build_id:
      if (is_zero(record.build_id)) break;
      identity.build_id.assign(record.build_id.begin(), record.build_id.end());
      identity.debug_id = debug_id_of_build_id(record.build_id);
      identity.debug_file = std::string(module.file_name());
      break;
    case CodeView::Kind::none:
    case CodeView::Kind::unknown:
      break;
  }
}

Module module_of(const minidump::Module& from, snapshot::Os os) {
  Module module{.path = from.path,
                .range = {Address{from.base}, Address{from.base} + from.size},
                .bias = from.base};
  if (module.range.end < module.range.begin) module.range.end = Address{UINT64_MAX};
  if (os == snapshot::Os::linux) {
    if (module.path.ends_with(kDeleted)) {
      module.path.resize(module.path.size() - kDeleted.size());
      module.deleted = true;
    }
    // Breakpad's name of the vDSO.
    module.is_vdso = module.path == "linux-gate.so";
    if (module.is_vdso) module.path = "[vdso]";
  } else {
    module.identity.timestamp = from.timestamp;
    if (from.checksum != 0) module.identity.checksum = from.checksum;
  }
  if (from.version) {
    const auto& v = *from.version;
    module.version = fmt::format("{}.{}.{}.{}", v[0], v[1], v[2], v[3]);
  }
  identify(from, module);
  return module;
}

/// Images do not overlap; where damage makes them, the later one's begin is trusted more than the
/// earlier one's length.
void make_disjoint(std::vector<Module>& modules) {
  std::ranges::stable_sort(modules, {}, [](const Module& m) { return m.range.begin; });
  auto same = std::ranges::unique(modules, {}, [](const Module& m) { return m.range.begin; });
  modules.erase(same.begin(), same.end());
  for (size_t i = 1; i < modules.size(); ++i) {
    Address& end = modules[i - 1].range.end;
    end = std::min(end, modules[i].range.begin);
  }
}

/// The executable comes first in every writer's list; on Linux the kernel says it surely.
void mark_main(const minidump::Dump& dump, Snapshot& snapshot) {
  for (uint64_t key : {AT_PHDR, AT_ENTRY}) {
    auto at = snapshot.process.auxiliary(key);
    const Module* found = at ? snapshot.module_at(Address{*at}) : nullptr;
    if (!found || found->is_vdso) continue;
    snapshot.modules[static_cast<size_t>(found - snapshot.modules.data())].is_main = true;
    return;
  }
  if (dump.modules.empty()) return;
  for (Module& module : snapshot.modules) {
    if (module.range.begin.value == dump.modules[0].base) module.is_main = true;
  }
}

/// Breakpad's modules of Linux end where their first mapping does; the file's later mappings, up to
/// the next module, belong to it.
void extend_ranges(Snapshot& snapshot) {
  for (size_t i = 0; i < snapshot.modules.size(); ++i) {
    Module& module = snapshot.modules[i];
    const Region* first = snapshot.region_at(module.range.begin);
    if (!first || !first->file.starts_with('/')) continue;
    Address limit =
        i + 1 < snapshot.modules.size() ? snapshot.modules[i + 1].range.begin : Address{UINT64_MAX};
    const Region* end = snapshot.regions.data() + snapshot.regions.size();
    // The last mapping of a file: anonymous ones (.bss) and holes may lie between.
    for (const Region* region = first; region != end && region->range.begin < limit; ++region) {
      bool is_own = region->file == first->file;
      if (!is_own && !region->file.empty()) break;
      if (is_own) module.range.end = std::max(module.range.end, std::min(region->range.end, limit));
    }
  }
}

/// The loader's list tells each image's bias by the place of its dynamic section.
void place_by_loader(const minidump::Dump& dump, Snapshot& snapshot) {
  for (const minidump::LinkedImage& image : dump.linux_files.linked) {
    const Module* found = snapshot.module_at(Address{image.dynamic});
    if (!found) continue;
    snapshot.modules[static_cast<size_t>(found - snapshot.modules.data())].bias = image.bias;
  }
}

}  // namespace

void take_modules(const minidump::Dump& dump, Snapshot& snapshot) {
  snapshot.modules.reserve(dump.modules.size());
  for (const minidump::Module& from : dump.modules) {
    Module module = module_of(from, snapshot.os);
    if (!module.range.empty()) snapshot.modules.push_back(std::move(module));
  }
  make_disjoint(snapshot.modules);
  std::erase_if(snapshot.modules, [](const Module& m) { return m.range.empty(); });
  mark_main(dump, snapshot);
  for (const Module& module : snapshot.modules) {
    if (!module.is_main) continue;
    snapshot.process.executable = module.path;
    if (snapshot.process.command.empty()) snapshot.process.command = module.file_name();
  }
  snapshot.unloaded.reserve(dump.unloaded.size());
  for (const minidump::UnloadedModule& from : dump.unloaded) {
    Address begin{from.base};
    Address end = begin + from.size;
    if (end < begin) end = Address{UINT64_MAX};
    snapshot.unloaded.push_back({.path = from.path,
                                 .range = {begin, end},
                                 .timestamp = from.timestamp,
                                 .checksum = from.checksum});
  }
}

void place_linux_modules(const minidump::Dump& dump, Snapshot& snapshot) {
  if (snapshot.os != snapshot::Os::linux) return;
  // `inquest cut` writes them whole.
  if (dump.inquest_note.empty()) extend_ranges(snapshot);
  for (Module& module : snapshot.modules) {
    // Below 4 GiB only executables of a fixed address lie, and theirs is no bias at all.
    constexpr uint64_t kFixed = 1ull << 32;
    bool is_fixed = snapshot::is_64_bit(snapshot.arch) && module.range.begin.value < kFixed;
    if (is_fixed) module.bias = 0;
    auto image = read_memory_image(snapshot.memory, module.range.begin, snapshot.arch);
    if (!image) continue;
    module.bias = image->bias;
    if (module.identity.build_id.empty()) module.identity.build_id = std::move(image->build_id);
  }
  place_by_loader(dump, snapshot);
}

}  // namespace inquest::ingest
