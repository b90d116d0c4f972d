/// A dead process with everything that explains it: snapshot, files, symbols, stacks, types.
///
/// What detectors look at. `open` locates files on this machine for all modules, and asks servers
/// for those that the stacks touch; symbols are opened when first asked for, stacks are walked
/// once. Owns all; pointers handed out are borrowed and valid while the Process lives. Safe from
/// several threads after `open`.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "answer/answer.h"
#include "base/parallel.h"
#include "locate/locate.h"
#include "objects/containers.h"
#include "snapshot/snapshot.h"
#include "symbols/symbols.h"
#include "symbols/types.h"
#include "unwind/unwind.h"

namespace inquest::cause {

struct Options {
  locate::Options locate = {};
  symbols::Options symbols = {};
  /// How containers are built, a team's own ones too; null: what is built in.
  std::shared_ptr<const objects::Descriptions> containers = {};
};

/// A frame's place in the source: a module's RVA and the calls there.
struct Located {
  const snapshot::Module* module = nullptr;  ///< null when the address is in none
  Rva rva = {};
  std::vector<symbols::SourceFrame> source = {};  ///< innermost first; may be empty
  /// Code that was made at run time: "<dynamic code at 0x1c0f0001000 (function table of ...)>".
  std::string dynamic = {};
};

class Process {
 public:
  static std::unique_ptr<Process> open(snapshot::Snapshot snapshot, Options options);
  ~Process();

  const snapshot::Snapshot& snapshot() const;
  const snapshot::Memory& memory() const { return snapshot().memory; }
  snapshot::Arch arch() const { return snapshot().arch; }

  const locate::ModuleFiles& files(const snapshot::Module& module) const;
  const symbols::ModuleSymbols& symbols(const snapshot::Module& module) const;
  /// Null when the module has no debug information.
  const symbols::TypeReader* types(const snapshot::Module& module) const;

  const objects::Descriptions& containers() const;
  /// Of a loop that reads symbols for each of its turns.
  Helpers helpers() const;

  /// One per thread, in the snapshot's order; walked at the first call, on all cores.
  const std::vector<unwind::Stack>& stacks() const;
  /// Of the crashed thread; null when there is none.
  const unwind::Stack* crashed_stack() const;

  /// What the unwind data says of the function at an address, in stripped modules too.
  std::optional<AddressRange> unwound_function(Address at) const;

  Located locate(Address at) const;                  ///< of an exact address
  Located locate(const unwind::Frame& frame) const;  ///< by lookup_pc()
  /// "game::Guild::rank() + 0x12 (lobby+0x4012)" or "lobby+0x4012" or "0x4012".
  std::string describe(Address at) const;
  /// Access of DWARF expressions to a frame.
  symbols::FrameAccess access(const unwind::Frame& frame) const;
  std::vector<symbols::Variable> variables(const unwind::Frame& frame) const;
  /// The address of a symbol by linkage name in the first module that has it.
  std::optional<Address> find_symbol(std::string_view linkage_name) const;

  /// Stacks with source, inlined calls as frames of their own, for the report.
  std::vector<answer::Stack> describe_stacks() const;
  std::vector<answer::Module> describe_modules() const;
  std::vector<Warning> warnings() const;
  /// Modules whose symbols were opened so far. Borrowed.
  std::vector<const snapshot::Module*> used_modules() const;

 private:
  std::string dynamic_code(Address at) const;

  struct Impl;
  explicit Process(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace inquest::cause
