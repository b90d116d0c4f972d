/// The story of the address at fault: which pointer, of which type, held where, what value.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "answer/answer.h"
#include "cause/fault/fault.h"
#include "cause/fault/provenance.h"

namespace inquest::cause {

struct Story {
  std::optional<Provenance> provenance = {};
  /// Which of its steps tells most: that of the null pointer, or the origin.
  size_t chosen = 0;
  std::optional<uint64_t> pointer = {};  ///< the pointer's value there
  int64_t offset = 0;                    ///< of the faulting address behind it
  bool null = false;                     ///< the pointer there is 0

  std::string type = {};          ///< of what it should have pointed to; empty when not known
  std::string member = {};        ///< at `offset`; may be empty
  std::string pointer_name = {};  ///< "`guild`"; empty when it has none
  std::string held = {};          ///< "held in `Avatar::guild` of `avatar`"; empty when not known
  std::string virtual_table_of = {};  ///< the pointer is that of an object of this class
  std::string where = {};  ///< "in `Roster::standing_of(...)`", the chosen step's function
  std::optional<Address> holder = {};         ///< where the pointer was loaded from
  std::optional<Address> holder_object = {};  ///< the object that `holder` is a member of
  int64_t holder_offset = 0;                  ///< holder = holder_object + holder_offset
  std::vector<answer::Evidence> evidence = {};

  const Step* step() const { return provenance ? &provenance->steps[chosen] : nullptr; }
};

/// Of the address that the instruction at fault used; of the called pointer where nothing could be
/// executed. Never fails: what is not known stays empty.
Story tell(const Process& process, const FaultSite& site);
/// Of another operand of the instruction, such as a divisor: its value's origin.
Story tell_operand(const Process& process, const FaultSite& site, const Operand& operand);

/// "Read of `Guild::rank`, offset 44, of": how the access relates to the pointer.
std::string access_words(const FaultSite& site, const Story& story);
/// "mov eax, [rax+0x2c] reads 4 bytes at 0x2c (rax = 0x0)": the instruction as evidence.
answer::Evidence instruction_evidence(const Process& process, const FaultSite& site);

/// That the process caught the signal itself, and what became of its handler; empty where it did
/// not.
std::vector<answer::Evidence> handler_evidence(const FaultSite& site);

/// What `fault.explanation` shows; absent when the fault has no address.
std::optional<answer::Explanation> explanation_of(const Process& process, const FaultSite& site);

/// Below this an address is taken for null plus an offset: Linux maps nothing there for users
/// (vm.mmap_min_addr).
inline constexpr uint64_t kNullPages = 0x10000;

}  // namespace inquest::cause
