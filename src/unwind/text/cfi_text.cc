#include "unwind/text/cfi_text.h"

#include <algorithm>
#include <array>
#include <string>

#include "unwind/arch/arch.h"
#include "unwind/text/postfix.h"

namespace inquest::unwind {
namespace {

using snapshot::Registers;

/// What one instruction's rules may take in all, and how many records may change those of a
/// function's beginning: beyond compilers' habits, and no more than a moment of work.
constexpr size_t kMostDeltas = 1 << 12, kLongestRules = 2 * kLongestProgram;
constexpr std::string_view kUndefined = ".undef";

/// Calls `each(name, expression)` for every rule of ".cfa: $rsp 8 + .ra: .cfa 8 - ^".
template <class Each>
void for_each_rule(std::string_view rules, Each each) {
  std::string_view name;
  const char* expression = nullptr;
  const char* end = rules.data() + rules.size();
  for (;;) {
    std::string_view token = next_token(rules);
    bool begins_rule = token.size() > 1 && token.back() == ':';
    if (begins_rule || token.empty()) {
      const char* stop = token.empty() ? end : token.data();
      if (!name.empty()) each(name, std::string_view(expression, stop));
      if (token.empty()) return;
      name = token.substr(0, token.size() - 1);
      expression = token.data() + token.size();
    }
  }
}

class RowReader {
 public:
  explicit RowReader(snapshot::Arch arch) : arch_(arch) {}

  void read(std::string_view rules) {
    if (rules.size() > kLongestRules) return;
    row.cost += rules.size();
    for_each_rule(rules, [&](std::string_view name, std::string_view expression) {
      if (name == ".cfa") {
        row.cfa = expression;
      } else if (name == ".ra") {
        row.return_address = expression;
      } else if (auto reg = register_of_rule(arch_, name)) {
        saved_[*reg] = expression;
      }
    });
  }
  void finish() {
    for (size_t i = 0; i < saved_.size(); ++i) {
      if (!saved_[i].empty()) {
        row.registers.emplace_back(static_cast<snapshot::Register>(i), saved_[i]);
      }
    }
  }
  /// All expressions together.
  size_t length() const {
    size_t total = row.cfa.size() + row.return_address.size();
    for (const auto& [reg, expression] : row.registers) total += expression.size();
    return total;
  }

  TextRow row;

 private:
  snapshot::Arch arch_;
  std::array<std::string_view, Registers::kCapacity> saved_;
};

std::vector<std::string> make_rule_names(snapshot::Arch arch) {
  bool dollar = arch == snapshot::Arch::x86_64 || arch == snapshot::Arch::x86;
  std::vector<std::string> names;
  for (unsigned n = 0; n < snapshot::roles(arch).count; ++n) {
    auto number = static_cast<snapshot::Register>(n);
    names.push_back((dollar ? "$" : "") + std::string(register_name(arch, number)));
  }
  return names;
}

/// The registers' names in `.sym` files, "$rip" or "x29", by number. Made once: they are looked up
/// for every frame.
const std::vector<std::string>& rule_names(snapshot::Arch arch) {
  using enum snapshot::Arch;
  static const std::vector<std::string> kX86_64 = make_rule_names(x86_64);
  static const std::vector<std::string> kX86 = make_rule_names(x86);
  static const std::vector<std::string> kAarch64 = make_rule_names(aarch64);
  static const std::vector<std::string> kArm = make_rule_names(arm);
  switch (arch) {
    case x86_64:
      return kX86_64;
    case x86:
      return kX86;
    case aarch64:
      return kAarch64;
    case arm:
      break;
  }
  return kArm;
}

/// Variables of all known registers.
class Variables {
 public:
  explicit Variables(const Registers& registers) {
    snapshot::Arch arch = registers.arch();
    const auto& names = rule_names(arch);
    variables.reserve(names.size() + 4);
    for (unsigned n = 0; n < names.size(); ++n) {
      auto value = registers.get(static_cast<snapshot::Register>(n));
      if (value) variables.add(names[n], *value);
    }
    if (arch == snapshot::Arch::aarch64) alias("x29", "fp"), alias("x30", "lr");
    if (arch == snapshot::Arch::arm) alias("r11", "fp"), alias("sp", "r13"), alias("lr", "r14");
  }

  PostfixVariables variables;

 private:
  void alias(std::string_view known, std::string_view other) {
    if (auto value = variables.get(known)) variables.set(other, *value);
  }
};

bool is_undefined(std::string_view expression) { return next_token(expression) == kUndefined; }

}  // namespace

std::optional<snapshot::Register> register_of_rule(snapshot::Arch arch, std::string_view name) {
  if (name.starts_with('$')) name.remove_prefix(1);
  if (auto reg = snapshot::register_by_name(arch, name)) return reg;
  if (name == "fp") return snapshot::roles(arch).fp;
  if (name == "lr") return snapshot::roles(arch).link;
  if (arch == snapshot::Arch::arm && name == "r13") return snapshot::Register{13};
  if (arch == snapshot::Arch::arm && name == "r14") return snapshot::Register{14};
  return {};
}

std::optional<TextRow> text_row(const breakpad::FrameRules& rules, uint64_t rva,
                                snapshot::Arch arch) {
  const breakpad::CfiFrame* frame = rules.cfi_at(rva);
  if (!frame) return {};
  RowReader reader(arch);
  reader.read(frame->rules);
  size_t first = std::min<size_t>(frame->first_delta, rules.deltas.size());
  size_t count = std::min<size_t>({frame->delta_count, rules.deltas.size() - first, kMostDeltas});
  for (size_t i = first; i < first + count && rules.deltas[i].rva <= rva; ++i) {
    reader.read(rules.deltas[i].rules);
  }
  reader.finish();
  if (reader.row.cfa.empty() || reader.row.return_address.empty()) return {};
  if (reader.length() > kLongestProgram) return {};
  reader.row.begin = frame->begin;
  return std::move(reader.row);
}

Executed execute(const TextRow& row, const Registers& callee, Words& words, bool windows) {
  using Status = Executed::Status;
  Executed result;
  Variables known(callee);
  auto cfa = evaluate_postfix(row.cfa, known.variables, words);
  if (!cfa) {
    result.status = Status::no_cfa;
    return result;
  }
  result.cfa = Address{*cfa};
  known.variables.set(".cfa", *cfa);
  if (is_undefined(row.return_address)) {
    result.status = Status::outermost;
    return result;
  }
  auto return_address = evaluate_postfix(row.return_address, known.variables, words);
  if (!return_address) {
    result.status = Status::no_memory;
    return result;
  }
  known.variables.set(".ra", *return_address);

  const auto& roles = snapshot::roles(callee.arch());
  Registers& caller = result.caller = callee;
  forget_lost_in_call(caller, windows);
  if (roles.link) caller.forget(*roles.link);
  caller.set_sp(result.cfa);
  for (const auto& [reg, expression] : row.registers) {
    if (auto value = evaluate_postfix(expression, known.variables, words)) {
      caller.set(reg, *value);
    } else {
      caller.forget(reg);
    }
  }
  caller.set(roles.pc, *return_address);
  return result;
}

}  // namespace inquest::unwind
