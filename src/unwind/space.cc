#include "unwind/space.h"

#include <algorithm>

namespace inquest::unwind {
namespace {

size_t hash(Address pc, bool exact) { return ((pc.value * 2 + exact) * 0x9e3779b97f4a7c15u) >> 40; }

/// PLT stubs are a few instructions long.
constexpr size_t kStubBytes = 16;

}  // namespace

Space::Space(const snapshot::Snapshot& snapshot, RuleProvider provider)
    : snapshot_(snapshot),
      provider_(std::move(provider)),
      pointer_size_(snapshot::pointer_size(snapshot.arch)),
      dynamic_(snapshot),
      modules_(snapshot.modules.size()),
      slots_(std::make_unique<std::atomic<const PcFacts*>[]>(kSlots)) {
  find_executable();
}

void Space::find_executable() {
  std::vector<AddressRange> told;  // ascending
  for (const snapshot::Region& region : snapshot_.regions) {
    if (!region.access || region.range.empty()) continue;
    told.push_back(region.range);
    if (!region.access->execute) continue;
    if (!executable_.empty() && executable_.back().end == region.range.begin) {
      executable_.back().end = region.range.end;
    } else {
      executable_.push_back(region.range);
    }
  }
  // Where no rights are told, a module's range is the best guess at where code is, and its sections
  // know more: small dumps have no list of regions, and gdb's gcore leaves unchanged text out.
  for (const snapshot::Module& module : snapshot_.modules) {
    Address at = module.range.begin;
    auto next = std::partition_point(told.begin(), told.end(),
                                     [&](const AddressRange& r) { return r.end <= at; });
    for (; next != told.end() && next->begin < module.range.end; ++next) {
      if (at < next->begin) guessed_.push_back({at, next->begin});
      at = std::max(at, next->end);
    }
    if (at < module.range.end) guessed_.push_back({at, module.range.end});
  }
}

bool Space::executable(Address at) const {
  auto after = std::partition_point(executable_.begin(), executable_.end(),
                                    [&](const AddressRange& r) { return r.begin <= at; });
  if (after != executable_.begin() && (after - 1)->contains(at)) return true;
  after = std::partition_point(guessed_.begin(), guessed_.end(),
                               [&](const AddressRange& r) { return r.begin <= at; });
  if (after == guessed_.begin() || !(after - 1)->contains(at)) return dynamic_.describes(at);
  const snapshot::Module* module = snapshot_.module_at(at);
  return module && rules(*module).may_be_code(at - module->range.begin, at.value - module->bias);
}

size_t Space::code(Address at, std::span<std::byte> out) const {
  size_t got = snapshot_.memory.read(at, out);
  if (got == out.size()) return got;
  const snapshot::Module* module = snapshot_.module_at(at);
  if (!module) return got;
  const Rules& files = rules(*module);
  Bytes bytes;
  if (files.image()) {
    bytes = files.image()->at_vaddr(at.value - module->bias);
  } else if (files.pe()) {
    bytes = files.pe()->from(Rva{at - module->range.begin});
  }
  size_t n = std::min(bytes.size(), out.size());
  if (n > got) std::copy_n(bytes.begin(), n, out.begin());
  return std::max(n, got);
}

CallSite Space::call_site(Address return_address) const {
  if (!executable(return_address - 1)) return {};
  const ArchFacts& facts = arch_facts(arch());
  std::array<std::byte, 8> buffer;
  bool readable = false;
  // A call at the very start of a mapping has fewer bytes before it than the longest.
  for (unsigned n = facts.longest_call; n >= 2; --n) {
    auto before = std::span(buffer).first(n);
    if (code(return_address - n, before) != n) continue;
    readable = true;
    if (auto call = facts.call_before(return_address.value, before)) {
      if (call->kind == Call::Kind::direct && !executable(Address{call->target})) return {};
      return {CallSite::Kind::call, *call};
    }
    break;
  }
  return {readable ? CallSite::Kind::none : CallSite::Kind::unreadable, {}};
}

std::optional<Address> Space::target(const Call& call) const {
  if (call.kind == Call::Kind::indirect) return {};
  Address at{call.target};
  if (call.kind == Call::Kind::slot) {
    auto value = snapshot_.memory.read_pointer(at, pointer_size_);
    if (!value) return {};
    at = Address{*value};
  }
  std::array<std::byte, kStubBytes> buffer;
  Bytes stub = Bytes(buffer).first(code(at, buffer));
  if (auto slot = arch_facts(arch()).stub_slot(at.value, stub)) {
    auto value = snapshot_.memory.read_pointer(Address{*slot}, pointer_size_);
    if (value) return Address{*value};
  }
  return at;
}

AddressRange Space::mapping(Address at) const {
  if (const snapshot::Region* region = snapshot_.region_at(at)) return region->range;
  Bytes known = snapshot_.memory.view(at);
  return {at, at + known.size()};
}

const Rules& Space::rules(const snapshot::Module& module) const {
  ModuleRules& slot = modules_[static_cast<size_t>(&module - snapshot_.modules.data())];
  std::call_once(slot.once, [&] {
    slot.rules = std::make_unique<Rules>(provider_ ? provider_(module) : RuleSource{}, module,
                                         arch(), snapshot_.memory);
  });
  return *slot.rules;
}

const PcFacts& Space::facts(Address pc, bool exact, PcFacts& scratch) const {
  size_t first = hash(pc, exact);
  for (size_t i = 0; i < kProbes; ++i) {
    const PcFacts* known = slots_[(first + i) % kSlots].load(std::memory_order_acquire);
    if (!known) break;
    if (known->pc == pc && known->exact == exact) return *known;
  }
  scratch = find_facts(pc, exact);
  std::lock_guard lock(facts_mutex_);
  for (size_t i = 0; i < kProbes; ++i) {
    auto& slot = slots_[(first + i) % kSlots];
    const PcFacts* known = slot.load(std::memory_order_relaxed);
    if (known && known->pc == pc && known->exact == exact) return *known;
    if (known) continue;
    const PcFacts& kept = facts_.emplace_back(scratch);
    slot.store(&kept, std::memory_order_release);
    return kept;
  }
  return scratch;
}

const SignalLayout* Space::trampoline(Address pc) const {
  if (is_windows() || !executable(pc)) return nullptr;
  std::array<std::byte, 16> buffer;
  size_t n = code(pc, buffer);
  return arch_facts(arch()).trampoline(Bytes(buffer).first(n));
}

void Space::find_rule(PcFacts& facts, Address lookup) const {
  const Rules& files = rules(*facts.module);
  uint64_t bias = facts.module->bias, vaddr = lookup.value - bias;
  facts.row = files.row(vaddr, facts.exact);
  if (facts.row) {
    facts.function = Address{facts.row->entry.value_or(facts.row->begin) + bias};
    return;
  }
  // Breakpad counts from where the module was loaded.
  uint64_t rva = lookup - facts.module->range.begin;
  facts.win = files.win(rva);
  if (facts.win) return;
  facts.text = files.text(rva);
  if (facts.text) facts.function = facts.module->range.begin + facts.text->begin;
}

PcFacts Space::find_facts(Address pc, bool exact) const {
  PcFacts facts{.pc = pc, .exact = exact};
  Address lookup = exact ? pc : pc - 1;
  facts.executable = executable(lookup);
  facts.module = snapshot_.module_at(lookup);
  if (facts.module) {
    find_rule(facts, lookup);
  } else if (facts.row = dynamic_.row(lookup, exact); facts.row) {
    facts.function = Address{facts.row->entry.value_or(facts.row->begin)};
  }

  // The kernel makes a handler return to a trampoline: no call precedes it, so that the address
  // before it may be another function's. Arm kernels describe theirs with a frame record only, so
  // its code goes before its unwind data.
  bool by_code_first = arch() == snapshot::Arch::aarch64 || arch() == snapshot::Arch::arm;
  if (facts.row && facts.row->signal_frame && !by_code_first) return facts;
  bool pc_is_elsewhere =
      !facts.row || !facts.module || pc.value - facts.module->bias >= facts.row->end;
  if (by_code_first || pc_is_elsewhere) facts.trampoline = trampoline(pc);
  if (facts.trampoline) {
    facts.module = snapshot_.module_at(pc);
    facts.function = pc;
    facts.executable = true;
    return facts;
  }
  if (exact || !pc_is_elsewhere) return facts;
  const snapshot::Module* module = snapshot_.module_at(pc);
  if (!module) return facts;
  auto row = rules(*module).row(pc.value - module->bias);
  if (row && row->signal_frame) {
    facts.module = module;
    facts.executable = executable(pc);
    facts.function = Address{row->begin + module->bias};
    facts.row = std::move(row);
  }
  return facts;
}

}  // namespace inquest::unwind
