// A script engine compiles formulas to machine code in a byte vector, and calls it. Nobody makes
// the bytes executable: it worked on the developer's machine of 2003.
#include <cstdint>
#include <string>
#include <vector>

#include "../patient.h"

class Formula {
 public:
  explicit Formula(int factor) {
    // mov eax, edi; imul eax, eax, factor; ret
    code_ = {0x89, 0xF8, 0x69, 0xC0, 0, 0, 0, 0, 0xC3};
    for (int i = 0; i < 4; ++i) code_[4 + i] = static_cast<std::uint8_t>(factor >> (8 * i));
  }

  NOINLINE int evaluate(int value) const {
    auto* entry = reinterpret_cast<int (*)(int)>(reinterpret_cast<std::uintptr_t>(code_.data()));
    const int result = entry(value);
    return result + bias_;
  }

 private:
  std::vector<std::uint8_t> code_;
  int bias_ = 0;
};

NOINLINE int total_damage(const std::vector<Formula>& formulas, int strength) {
  int total = 0;
  for (const Formula& formula : formulas) total += formula.evaluate(strength);
  return total;
}

int main() {
  std::vector<Formula> formulas;
  for (int factor = 2; factor < 6; ++factor) formulas.emplace_back(factor);
  std::printf("damage %d\n", total_damage(formulas, 17));
}
