/// The unwind data of x64 images: RUNTIME_FUNCTION entries and UNWIND_INFO records.
///
/// Source: Microsoft "x64 exception handling"; the epilogue codes of version 2 as the system's own
/// unwinder reads them. Values; RVAs throughout. Safe from any thread.
#pragma once

#include <optional>
#include <vector>

#include "format/pe/file.h"

namespace inquest::pe {

/// An entry of .pdata: a run of code, half-open, that one UNWIND_INFO describes.
struct RuntimeFunction {
  uint32_t begin = 0, end = 0;
  uint32_t unwind_info = 0;

  bool contains(uint64_t rva) const { return begin <= rva && rva < end; }
};

enum class UnwindOp : uint8_t {
  push = 0,            ///< reg = *rsp, rsp += 8
  alloc = 1,           ///< rsp += value; ALLOC_LARGE and ALLOC_SMALL
  set_frame = 3,       ///< rsp = frame register - frame offset
  save = 4,            ///< reg = *(frame base + value); near and far
  save_xmm = 8,        ///< near and far
  machine_frame = 10,  ///< the processor pushed rip, cs, flags, rsp, ss; value 1: an error code too
};

struct UnwindCode {
  uint8_t prologue_offset = 0;  ///< of the instruction's end, from the function's begin
  UnwindOp op = UnwindOp::push;
  uint8_t reg = 0;     ///< in the processor's numbering: rax rcx rdx rbx rsp rbp rsi rdi r8...
  uint32_t value = 0;  ///< bytes
};

/// Version 2: where an epilogue is, instead of decoding its instructions.
struct EpilogueRange {
  uint32_t begin = 0, end = 0;  ///< RVAs, half-open
};

struct UnwindInfo {
  uint8_t version = 1;
  uint8_t flags = 0;  ///< UNW_FLAG_*
  uint8_t prologue_size = 0;
  uint8_t frame_register = 0;              ///< 0: none
  uint32_t frame_offset = 0;               ///< bytes
  std::vector<UnwindCode> codes;           ///< last instruction of the prologue first
  std::vector<EpilogueRange> epilogues;    ///< version 2 only
  std::optional<RuntimeFunction> chained;  ///< whose codes follow these
  std::optional<Rva> handler;              ///< exception or termination handler
};

/// How many records of unwind data a chain may have; compilers make one or two.
inline constexpr int kLongestChain = 32;

/// The entry that `rva` lies in, by binary search of `pdata` (File::exception_directory).
std::optional<RuntimeFunction> find_function_x64(Bytes pdata, uint64_t rva);
/// The record that an entry points to, through an indirect entry too. Fails when it is damaged or
/// not there.
Result<UnwindInfo> read_unwind_info(const File& file, const RuntimeFunction& function);
/// The first entry of the chain that `function` belongs to: where the function is entered. Absent
/// when the chain is damaged.
std::optional<RuntimeFunction> primary_function(const File& file, RuntimeFunction function);

}  // namespace inquest::pe
