// Division by zero, and the quotient that does not fit: x86 reports both as FPE_INTDIV.
#include <algorithm>

#include "cause/detectors/detectors.h"
#include "cause/fault/fault.h"
#include "cause/fault/story.h"

namespace inquest::cause {
namespace {

using answer::Finding;
using answer::Kind;

std::optional<uint64_t> operand_value(const Process& process, const FaultSite& site,
                                      const Operand& operand) {
  uint64_t mask = operand.size >= 8 ? ~uint64_t{0} : (uint64_t{1} << (8 * operand.size)) - 1;
  if (operand.kind == Operand::Kind::reg && operand.reg) {
    auto value = site.registers.get(*operand.reg);
    if (!value) return {};
    return (operand.high_byte ? *value >> 8 : *value) & mask;
  }
  auto at = effective_address(*site.instruction, operand, site.registers, site.segment_base);
  if (!at) return {};
  std::array<std::byte, 8> raw{};
  size_t size = std::min<size_t>(operand.size, raw.size());
  if (process.memory().read(*at, std::span(raw).first(size)) != size) return {};
  uint64_t value = 0;
  for (size_t i = size; i-- > 0;) value = value << 8 | static_cast<uint8_t>(raw[i]);
  return value;
}

int64_t sign_extend(uint64_t value, unsigned size) {
  if (size >= 8) return static_cast<int64_t>(value);
  unsigned shift = 64 - 8 * size;
  return static_cast<int64_t>(value << shift) >> shift;
}

constexpr std::string_view kAskedFor =
    "the program had asked for such faults (feenableexcept, _controlfp)";

/// The floating-point exceptions but division, by si_code. Source: <asm-generic/siginfo.h>.
std::string floating_point_trap(int code) {
  switch (code) {
    case 4:
      return "A floating-point result was too large (overflow)";
    case 5:
      return "A floating-point result was too small (underflow)";
    case 6:
      return "A floating-point result could not be exact";
    case sig::fpe_fltinv:
      return "An invalid floating-point operation, such as 0/0, the root of a negative number, or "
             "a "
             "conversion to an integer that cannot hold it";
    default:
      return {};
  }
}

}  // namespace

Findings detect_divide_by_zero(const Process& process) {
  auto site = fault_site(process);
  if (!site || !site->is(sig::fpe)) return {};
  Finding finding{.kind = Kind::divide_by_zero};
  if (site->code == sig::fpe_fltdiv) {
    finding.confidence = 0.9;
    finding.summary = fmt::format("Floating-point division by zero; {}.", kAskedFor);
    finding.evidence.push_back(instruction_evidence(process, *site));
    return {std::move(finding)};
  }
  if (std::string what = floating_point_trap(site->code.value_or(0)); !what.empty()) {
    finding.kind = Kind::unknown;  // there is no kind for what is no division
    finding.confidence = 0.9;
    finding.summary = fmt::format("{}; {}.", what, kAskedFor);
    finding.evidence.push_back(instruction_evidence(process, *site));
    finding.next = {"look for a NaN or an infinity that came into the numbers earlier"};
    return {std::move(finding)};
  }
  bool divides = site->instruction && (site->instruction->operation == Operation::divide ||
                                       site->instruction->operation == Operation::divide_signed);
  if (site->code && site->code != sig::fpe_intdiv) return {};
  if (!divides) {
    // Without the instruction only the system's word is left.
    if (site->code != sig::fpe_intdiv) return {};
    finding.confidence = 0.8;
    finding.summary = "The system reported an integer division by zero.";
    finding.evidence.push_back(instruction_evidence(process, *site));
    return {std::move(finding)};
  }
  const Operand* divisor = site->instruction->explicit_operand(0);
  if (!divisor) return {};
  auto value = operand_value(process, *site, *divisor);
  Story story = tell_operand(process, *site, *divisor);
  std::string who =
      story.pointer_name.empty() ? "the divisor" : "the divisor " + story.pointer_name;
  std::string held = story.held.empty() ? "" : ", " + story.held;
  std::string where = story.where.empty() ? "" : ", " + story.where;
  finding.evidence.push_back(instruction_evidence(process, *site));
  if (value == 0) {
    finding.confidence = 0.98;
    finding.summary =
        fmt::format("Division by zero: {}{} is 0{}.", who, held.empty() ? held : held + ",", where);
  } else if (value) {
    int64_t number = sign_extend(*value, divisor->size);
    auto dividend = site->registers.get(snapshot::x64::rax);
    finding.confidence = 0.9;
    finding.summary = fmt::format(
        "Division overflow: the quotient of the division by {} ({}{}) does not fit in {} bits{}.",
        number, who, held, divisor->size * 8, where);
    if (number == -1 && dividend) {
      finding.confidence = 0.97;
      finding.summary = fmt::format(
          "Division overflow: the smallest {}-bit number, {}, was divided by -1 ({}{}); the result "
          "does not fit{}.",
          divisor->size * 8, sign_extend(*dividend, divisor->size), who, held, where);
    }
  } else {
    finding.confidence = 0.85;
    finding.summary =
        fmt::format("Integer division error{}; the divisor could not be read.", where);
  }
  if (value) {
    finding.evidence.push_back(
        {.what = fmt::format("the divisor is {}", sign_extend(*value, divisor->size)),
         .thread = site->thread_id});
  }
  std::copy(story.evidence.begin(), story.evidence.end(), std::back_inserter(finding.evidence));
  return {std::move(finding)};
}

}  // namespace inquest::cause
