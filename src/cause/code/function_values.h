/// What registers and stack slots hold at each instruction of one function, as expressions.
///
/// The function is decoded from its start, cut into blocks, and followed forward until nothing
/// changes; where paths meet with different values, a merge stands. Stack slots are followed until
/// their address has been given away and something could have written there. x86-64, System V
/// calling convention. One thread; the result is a value.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <vector>

#include "cause/code/instruction.h"
#include "cause/code/value.h"
#include "snapshot/memory.h"

namespace inquest::cause {

struct Slot {
  int64_t offset = 0;  ///< from the CFA
  uint8_t size = 8;
  ValueId value = {};
  friend bool operator==(const Slot&, const Slot&) = default;
};

/// What is held where, before an instruction.
struct State {
  static constexpr size_t kRegisters = 16;
  std::array<ValueId, kRegisters> regs{};
  std::vector<Slot> slots = {};  ///< ascending by offset, disjoint
  /// Stack offsets whose address went into a register, ascending: others may write there.
  std::vector<int64_t> given_away = {};

  /// Null when nothing is known of exactly these bytes.
  const Slot* slot(int64_t offset) const;
  friend bool operator==(const State&, const State&) = default;
};

class FunctionValues {
 public:
  /// Larger functions are not followed.
  static constexpr uint64_t kMostBytes = 256 << 10;

  /// Absent when the code cannot be read or the function is empty or too large.
  static std::optional<FunctionValues> follow(const snapshot::Memory& memory,
                                              AddressRange function);

  /// Before the instruction at `pc`; absent when no instruction begins there or it is not reached.
  std::optional<State> before(Address pc) const;
  /// The instruction at `pc`, or the one that ends there; null when none.
  const Instruction* instruction_at(Address pc) const;
  const Instruction* instruction_ending_at(Address pc) const;

  const ValueTable& values() const { return *values_; }
  ValueTable& values() { return *values_; }
  AddressRange range() const { return range_; }

  /// The address that a memory operand names, in that state.
  ValueId address_of(const State& state, const Instruction& instruction,
                     const Operand& operand) const;

 private:
  struct Block {
    size_t first = 0, last = 0;  // instructions [first, last)
    std::vector<uint32_t> next = {};
    State in = {};
    bool reached = false;
    bool queued = false;
    unsigned visits = 0;
  };

  FunctionValues() = default;
  bool decode_all(const snapshot::Memory& memory);
  void cut_blocks();
  void run();
  void arrive(uint32_t block, const State& state);
  void join(Block& block, const State& state, Address at);
  void step(State& state, const Instruction& instruction) const;
  size_t index_at(Address pc) const;

  AddressRange range_;
  std::vector<Instruction> instructions_;
  std::vector<Block> blocks_;
  std::vector<uint32_t> queue_;
  std::unique_ptr<ValueTable> values_ = std::make_unique<ValueTable>();
};

}  // namespace inquest::cause
