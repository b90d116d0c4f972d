/// From a thread's registers and memory to its frames.
///
/// Rules are compiled once per module (CFI -> table of rows), then executed. Each frame says how it
/// was found (`Trust`) and how sure we are. Source: DWARF 5 section 6.4, LSB 5 .eh_frame, System V
/// psABI of each architecture.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/address.h"
#include "format/breakpad/frame_rules.h"
#include "format/elf/file.h"
#include "format/pe/file.h"
#include "snapshot/snapshot.h"

namespace inquest::unwind {

/// How a frame's registers were found, best first.
enum class Trust : uint8_t { context, cfi, pe, fp, recovered, scan };
std::string_view name(Trust trust);

struct Frame {
  Address pc;
  Address cfa;                    ///< canonical frame address; 0 when not known
  snapshot::Registers registers;  ///< of this frame; what is not known is absent
  Trust trust = Trust::context;
  float confidence = 1;  ///< 0..1
  /// True for frame 0 and for frames interrupted by a signal: pc is the instruction itself. False
  /// for callers: pc is the return address, and the call is the instruction before it.
  bool pc_is_exact = true;
  bool is_signal_frame = false;              ///< the trampoline that the kernel put there
  const snapshot::Module* module = nullptr;  ///< borrowed from the Snapshot; may be null

  /// Where to look up the source line: pc, or pc-1 for a return address.
  Address lookup_pc() const { return pc_is_exact ? pc : pc - 1; }
};

/// Why a walk ended.
enum class End : uint8_t {
  outermost,  ///< CFI says so (undefined return address), or pc 0: the thread's beginning
  no_memory,  ///< the stack could not be read
  no_rule,    ///< nothing told how to go on
  cycle,      ///< the same frame again, or a CFA that does not ascend
  too_deep,   ///< Limits::frames
};

struct Stack {
  std::vector<Frame> frames;  ///< innermost first
  End end = End::outermost;
  std::string note = {};  ///< why it ended, in words, where that is not the normal end
  /// Of a very deep stack only the innermost and outermost frames are kept: so many were walked and
  /// left out between frames[omitted_after - 1] and frames[omitted_after].
  uint64_t omitted = 0;
  size_t omitted_after = 0;

  uint64_t depth() const { return frames.size() + omitted; }  ///< frames walked in all
};
std::string_view name(End end);

/// The unwind data of one module, compiled. Immutable; safe from any thread.
class Rules;

/// Files of a module, asked for once per module and kept. The files may be null.
struct RuleSource {
  std::shared_ptr<const elf::File> image;
  std::shared_ptr<const elf::File> debug;  ///< .debug_frame
  std::shared_ptr<const pe::File> pe;      ///< .pdata, .xdata; else they are read from memory
  std::shared_ptr<const breakpad::FrameRules> frame_rules;  ///< of a .sym file or a PDB
};
using RuleProvider = std::function<RuleSource(const snapshot::Module&)>;

/// Walks threads of one Snapshot. Borrowed: the snapshot must outlive it. `walk` is safe from
/// several threads at once; compiled rules are shared between them.
class Unwinder {
 public:
  Unwinder(const snapshot::Snapshot& snapshot, RuleProvider provider);
  ~Unwinder();

  Stack walk(const snapshot::Thread& thread) const;
  /// From any registers, such as those that a signal handler's context holds.
  Stack walk(const snapshot::Registers& start) const;
  /// The function, or the part of one that was split off, whose unwind data covers an address.
  std::optional<AddressRange> function_at(Address at) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace inquest::unwind
