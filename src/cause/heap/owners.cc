#include "cause/heap/owners.h"

#include <algorithm>
#include <map>
#include <unordered_map>

#include "cause/evidence.h"
#include "cause/fault/brief_name.h"

namespace inquest::cause {
namespace {

using objects::Root;
using objects::RootKind;
using objects::RootOwner;

/// Roots come by kind, then ascending.
class OwnerFinder {
 public:
  explicit OwnerFinder(const Process& process)
      : process_(process), word_size_(snapshot::pointer_size(process.arch())) {}

  uint32_t take(const Root& root) {
    switch (root.kind) {
      case RootKind::registers:
      case RootKind::stack:
        return thread_owner(root.thread, RootKind::stack);
      case RootKind::thread_local_data:
        return thread_owner(root.thread, RootKind::thread_local_data);
      case RootKind::mapping:
        return mapping(root.at);
      case RootKind::global:
        break;
    }
    return global(root.at);
  }

  std::vector<RootOwner> take_owners() { return std::move(owners_); }

 private:
  uint32_t add(RootOwner owner) {
    owners_.push_back(std::move(owner));
    return static_cast<uint32_t>(owners_.size() - 1);
  }

  uint32_t thread_owner(uint32_t thread, RootKind kind) {
    auto [at, is_new] = threads_.try_emplace({kind, thread});
    if (is_new) {
      std::string_view part = kind == RootKind::stack ? "stack" : "thread-local data";
      at->second =
          add({.name = fmt::format("{}, {}", thread_title(process_.snapshot(), thread), part),
               .kind = kind,
               .thread = thread});
    }
    return at->second;
  }

  uint32_t mapping(Address at) {
    const snapshot::Region* region = process_.snapshot().region_at(at);
    Address begin = region ? region->range.begin : at;
    auto [known, is_new] = places_.try_emplace(begin.value);
    if (is_new) {
      std::string name = fmt::format("mapping at {}", begin);
      if (region) name += fmt::format(" ({})", size_text(region->range.size()));
      if (region && !region->file.empty()) name += " of " + region->file;
      known->second = add({.name = std::move(name), .kind = RootKind::mapping, .at = begin});
    }
    return known->second;
  }

  uint32_t global(Address at) {
    if (variable_.contains(at)) return current_;
    // Two words apart at most, and no symbol: parts of one thing.
    constexpr uint64_t kLargest = 4096;
    bool joins = !is_named_ && !variable_.empty() && variable_.end <= at &&
                 at - variable_.end < 2 * word_size_ && at - variable_.begin < kLargest;
    auto named = variable_at(process_, at);
    is_named_ = named.has_value();
    if (joins && !is_named_) {
      variable_.end = at + word_size_;
      return current_;
    }
    variable_ = named ? named->range : AddressRange{at, at + word_size_};
    auto [known, is_new] = places_.try_emplace(variable_.begin.value);
    if (is_new) {
      known->second = add({.name = named ? "global " + named->name : unnamed(at),
                           .kind = RootKind::global,
                           .at = variable_.begin});
    }
    current_ = known->second;
    return current_;
  }

  std::string unnamed(Address at) const {
    const snapshot::Module* module = process_.snapshot().module_at(at);
    if (!module) return fmt::format("data at {}", at);
    return fmt::format("data of {}+{}", module->file_name(), Rva{at - module->range.begin});
  }

  const Process& process_;
  unsigned word_size_;
  std::vector<RootOwner> owners_;
  std::map<std::pair<RootKind, uint32_t>, uint32_t> threads_;
  std::unordered_map<uint64_t, uint32_t> places_;  // by where they begin
  AddressRange variable_{};                        // the last global
  uint32_t current_ = 0;
  bool is_named_ = false;
};

}  // namespace

RootOwners find_owners(const Process& process, const std::vector<Root>& roots) {
  OwnerFinder finder(process);
  RootOwners found;
  found.owner_of.reserve(roots.size());
  for (const Root& root : roots) found.owner_of.push_back(finder.take(root));
  found.owners = finder.take_owners();
  return found;
}

std::string thread_title(const snapshot::Snapshot& process, uint32_t thread) {
  if (thread == 0) return "a thread that has ended";
  const snapshot::Thread* known = process.thread_by_id(thread);
  if (!known || known->name.empty()) return fmt::format("thread {}", thread);
  return fmt::format("thread {} {}", thread, known->name);
}

std::string frame_function(const Process& process, uint32_t thread, Address at) {
  const snapshot::Thread* known = process.snapshot().thread_by_id(thread);
  if (!known) return {};
  auto index = static_cast<size_t>(known - process.snapshot().threads.data());
  if (index >= process.stacks().size()) return {};
  for (const unwind::Frame& frame : process.stacks()[index].frames) {
    // The frame reaches up to its canonical address; those before it end below.
    if (frame.cfa <= at) continue;
    Located place = process.locate(frame);
    if (!place.source.empty() && !place.source.back().function.empty())
      return brief_name(place.source.back().function);
    return frame.module ? fmt::format("{}+{}", frame.module->file_name(), place.rva)
                        : std::string();
  }
  return {};
}

std::optional<NamedVariable> variable_at(const Process& process, Address at) {
  const snapshot::Module* module = process.snapshot().module_at(at);
  if (!module) return {};
  auto symbol = process.symbols(*module).symbol_at(Rva{at - module->range.begin});
  if (!symbol || symbol->is_function || symbol->name.empty()) return {};
  // An exported name without a size says little of what lies far behind it.
  if (symbol->is_export && symbol->size == 0 && symbol->offset != 0) return {};
  Address begin = at - symbol->offset;
  std::string name = symbol->name;
  if (!module->is_main) name += fmt::format(" in {}", module->file_name());
  Address end = std::min(begin + std::max(symbol->size, symbol->offset + 1), module->range.end);
  return NamedVariable{std::move(name), {begin, end}};
}

}  // namespace inquest::cause
