// A quest script runs on a small stack machine. Its compiler is one version ahead: the program
// holds an opcode that this machine does not know, and the "cannot happen" branch traps.
#include <cstdint>
#include <vector>

#include "../patient.h"

enum class Op : std::uint8_t { push, add, multiply, halt };

struct Instruction {
  Op op;
  std::int32_t operand;
};

class Machine {
 public:
  NOINLINE std::int32_t run(const std::vector<Instruction>& program) {
    for (const Instruction& instruction : program) {
      if (!step(instruction)) break;
    }
    return stack_.empty() ? 0 : stack_.back();
  }

 private:
  std::int32_t pop() {
    const std::int32_t value = stack_.back();
    stack_.pop_back();
    return value;
  }

  NOINLINE bool step(const Instruction& instruction) {
    switch (instruction.op) {
      case Op::push:
        stack_.push_back(instruction.operand);
        return true;
      case Op::add:
        stack_.push_back(pop() + pop());
        return true;
      case Op::multiply:
        stack_.push_back(pop() * pop());
        return true;
      case Op::halt:
        return false;
    }
    __builtin_trap();  // every opcode is handled above
  }

  std::vector<std::int32_t> stack_;
};

int main() {
  Machine machine;
  std::printf("%d\n", machine.run({{Op::push, 6},
                                   {Op::push, 7},
                                   {Op::multiply, 0},
                                   {static_cast<Op>(9), 0},
                                   {Op::halt, 0}}));
}
