#include "snapshot/snapshot.h"

#include <algorithm>

namespace inquest::snapshot {
namespace {

template <class T>
const T* find_in(const std::vector<T>& sorted, Address at) {
  auto after = std::partition_point(sorted.begin(), sorted.end(),
                                    [&](const T& t) { return t.range.begin <= at; });
  if (after == sorted.begin()) return nullptr;
  const T& before = *(after - 1);
  return before.range.contains(at) ? &before : nullptr;
}

}  // namespace

std::string_view name(Format format) {
  switch (format) {
    case Format::elf_core:
      return "elf-core";
    case Format::minidump:
      return "minidump";
    case Format::live:
      return "live";
  }
  return {};
}

std::string_view name(Os os) {
  switch (os) {
    case Os::linux:
      return "linux";
    case Os::windows:
      return "windows";
    case Os::macos:
      return "macos";
    case Os::unknown:
      return "unknown";
  }
  return {};
}

std::string Identity::text() const {
  if (build_id.empty()) return debug_id.value_or("");
  std::string hex;
  for (std::byte b : build_id) hex += fmt::format("{:02x}", static_cast<unsigned>(b));
  return hex;
}

std::string_view Module::file_name() const {
  std::string_view whole = path;
  size_t slash = whole.find_last_of("/\\");
  return slash == std::string_view::npos ? whole : whole.substr(slash + 1);
}

const Module* Snapshot::module_at(Address at) const { return find_in(modules, at); }
const Region* Snapshot::region_at(Address at) const { return find_in(regions, at); }

const FunctionTable* Snapshot::function_table_at(Address at) const {
  auto after = std::ranges::upper_bound(function_tables, at, {},
                                        [](const FunctionTable& t) { return t.range.begin; });
  // Tables overlap where a program made one anew without taking the old one back.
  constexpr int kTries = 64;
  for (int i = 0; i < kTries && after != function_tables.begin(); ++i) {
    --after;
    if (after->range.contains(at)) return &*after;
  }
  return nullptr;
}

const Thread* Snapshot::crashed_thread() const {
  auto found = std::find_if(threads.begin(), threads.end(), [](auto& t) { return t.crashed; });
  return found == threads.end() ? nullptr : &*found;
}

const Thread* Snapshot::thread_by_id(uint32_t id) const {
  auto found = std::find_if(threads.begin(), threads.end(), [&](auto& t) { return t.id == id; });
  return found == threads.end() ? nullptr : &*found;
}

}  // namespace inquest::snapshot
