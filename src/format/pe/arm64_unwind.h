/// The unwind data of ARM64 images: packed entries of .pdata, and full records of .xdata, as one
/// list of codes.
///
/// Source: Microsoft "ARM64 exception handling". Values; RVAs throughout. Safe from any thread.
#pragma once

#include <optional>
#include <vector>

#include "format/pe/file.h"

namespace inquest::pe {

enum class Arm64Op : uint8_t {
  alloc,          ///< sp += value
  save,           ///< reg (and reg2) = *(sp + value)
  save_advance,   ///< the same at sp, which then goes up by value
  set_frame,      ///< sp = x29
  add_frame,      ///< sp = x29 - value
  save_next,      ///< the pair of registers behind those that the next code saves
  nop,            ///< an instruction that does not matter, a saved vector register among them
  sign_link,      ///< the return address was signed
  machine_frame,  ///< sp -> the interrupted sp, pc
  context,        ///< sp -> a CONTEXT
  unknown,        ///< what cannot be undone
  end,            ///< end of a prologue or epilogue
  end_chained,    ///< end of the prologue of a fragment; the codes of its function's follow
};

/// What undoes one instruction (none for end, end_chained).
struct Arm64Code {
  Arm64Op op = Arm64Op::nop;
  uint8_t first = 0;   ///< register number; of save, save_advance
  uint8_t count = 0;   ///< of registers: 1 or 2; 0: vector registers
  uint8_t second = 0;  ///< of a pair: its second register (first + 1, or the link register)
  uint32_t value = 0;  ///< bytes
};

struct Arm64Function {
  uint32_t begin = 0, end = 0;   ///< half-open
  std::vector<Arm64Code> codes;  ///< last instruction of the prologue first
  bool has_prologue = true;      ///< false: a fragment that only has a body
  struct Epilogue {
    uint32_t begin = 0;     ///< RVA
    size_t first_code = 0;  ///< in codes
  };
  std::vector<Epilogue> epilogues;  ///< ascending
  std::optional<Rva> handler;
};

/// The function that `rva` lies in: by binary search of the image's exception directory. Absent
/// when there is none; fails when its record is damaged or not there.
Result<std::optional<Arm64Function>> find_function_arm64(const File& file, uint64_t rva);

}  // namespace inquest::pe
