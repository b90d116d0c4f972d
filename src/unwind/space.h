/// The address space as unwinding sees it: what is code, what is a return address, which rules hold
/// where, and what is known of each pc.
///
/// Borrows the Snapshot. Safe from any thread; rules are made once per module, facts once per pc.
#pragma once

#include <atomic>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "unwind/arch/arch.h"
#include "unwind/pe/dynamic_rules.h"
#include "unwind/rules.h"
#include "unwind/unwind.h"

namespace inquest::unwind {

/// What a walk needs of a pc, whichever thread is there.
struct PcFacts {
  Address pc = {};
  bool exact = false;
  bool executable = false;
  const snapshot::Module* module = nullptr;
  const SignalLayout* trampoline = nullptr;  ///< recognised by its code; then `row` is not used
  std::optional<Row> row = {};
  std::optional<TextRow> text = {};         ///< where there is no `row`
  const breakpad::WinFrame* win = nullptr;  ///< of 32-bit Windows code
  std::optional<Address> function;          ///< where the function begins, when its rules say so

  bool has_rule() const { return row || text || win; }
  bool in_signal_frame() const { return trampoline || (row && row->signal_frame); }
};

/// What lies before a would-be return address.
struct CallSite {
  enum class Kind : uint8_t { none, call, unreadable };
  Kind kind = Kind::none;
  Call call = {};
};

class Space {
 public:
  Space(const snapshot::Snapshot& snapshot, RuleProvider provider);

  const snapshot::Snapshot& snapshot() const { return snapshot_; }
  snapshot::Arch arch() const { return snapshot_.arch; }
  unsigned pointer_size() const { return pointer_size_; }
  bool is_windows() const { return snapshot_.os == snapshot::Os::windows; }

  /// Whether instructions can be fetched there, as far as the dump knows.
  bool executable(Address at) const;
  /// A return address must point behind a call in executable memory. `unreadable`: executable, but
  /// the dump holds no code there.
  CallSite call_site(Address return_address) const;
  /// Where a call goes, through slots and PLT stubs; absent for indirect ones.
  std::optional<Address> target(const Call& call) const;
  /// Copies code from memory, or from the module's file; returns how many leading bytes were there.
  size_t code(Address at, std::span<std::byte> out) const;
  /// The mapping around an address; the run of known memory when there is no mapping.
  AddressRange mapping(Address at) const;

  const Rules& rules(const snapshot::Module& module) const;
  const DynamicRules& dynamic_rules() const { return dynamic_; }
  /// Borrowed from the Space, or `scratch` once the cache is full.
  const PcFacts& facts(Address pc, bool exact, PcFacts& scratch) const;

 private:
  PcFacts find_facts(Address pc, bool exact) const;
  void find_rule(PcFacts& facts, Address lookup) const;
  void find_executable();
  const SignalLayout* trampoline(Address pc) const;

  struct ModuleRules {
    std::once_flag once;
    std::unique_ptr<Rules> rules;
  };

  const snapshot::Snapshot& snapshot_;
  RuleProvider provider_;
  unsigned pointer_size_;
  DynamicRules dynamic_;                  // of code in no module
  std::vector<AddressRange> executable_;  // ascending, joined
  std::vector<AddressRange> guessed_;     // of modules, what no region tells of: code may lie there
  mutable std::vector<ModuleRules> modules_;

  // Open addressing, filled only: readers need no lock, and nothing is ever freed under them.
  static constexpr size_t kSlots = 1 << 14, kProbes = 8;
  std::unique_ptr<std::atomic<const PcFacts*>[]> slots_;
  mutable std::mutex facts_mutex_;
  mutable std::deque<PcFacts> facts_;
};

}  // namespace inquest::unwind
