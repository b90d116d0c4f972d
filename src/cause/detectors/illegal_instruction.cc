// Illegal instructions: traps that the compiler put there, instructions that this processor lacks,
// privileged ones, and bytes that are no instruction at all.
#include <array>

#include "cause/detectors/detectors.h"
#include "cause/fault/fault.h"

namespace inquest::cause {
namespace {

using answer::Finding;
using answer::Kind;

std::string bytes_at(const Process& process, Address at) {
  std::array<std::byte, 8> raw;
  size_t n = process.memory().read(at, raw);
  std::string text;
  for (size_t i = 0; i < n; ++i) {
    text += fmt::format("{}{:02x}", i ? " " : "", static_cast<unsigned>(raw[i]));
  }
  return text;
}

/// Sets beyond the x86-64 baseline that programs are compiled for by mistake.
bool is_optional_extension(std::string_view extension) {
  for (std::string_view prefix :
       {"AVX",   "FMA",  "BMI",    "AMX",    "AES",   "VAES",    "SHA",   "SSE4",
        "SSSE3", "SSE3", "F16C",   "LZCNT",  "MOVBE", "POPCNT",  "ADOX",  "GFNI",
        "XOP",   "TBM",  "RDRAND", "RDSEED", "RTM",   "VPCLMUL", "PCLMUL"}) {
    if (extension.starts_with(prefix)) return true;
  }
  return false;
}

Findings trap(const Process& process, const FaultSite& site, Finding finding) {
  std::string where = site.pc ? " in " + process.describe(*site.pc) : "";
  finding.confidence = 0.95;
  finding.summary = fmt::format(
      "The program ran into `{}`, a trap that the compiler put{}: code that must not be reached, "
      "or a check that failed.",
      site.text, where);
  finding.evidence.push_back(
      {.what = "compilers write it for __builtin_trap(), for __builtin_unreachable() and a missing "
               "return, for -ftrapv and for sanitizers in trap mode",
       .thread = site.thread_id,
       .address = site.pc});
  finding.next = {"look at the source line: the assumption that it states was wrong"};
  return {std::move(finding)};
}

}  // namespace

Findings detect_illegal_instruction(const Process& process) {
  auto site = fault_site(process);
  if (!site || !site->pc) return {};
  Finding finding{.kind = Kind::illegal_instruction};
  std::string where = " in " + process.describe(*site->pc);
  const auto& instruction = site->instruction;
  if (site->is(sig::trap)) {
    // int3 leaves the program counter behind itself.
    auto before = process.memory().read<u8>(*site->pc - 1);
    if (!before || *before != 0xcc) return {};
    where = " in " + process.describe(*site->pc - 1);
    finding.confidence = 0.85;
    finding.summary = fmt::format(
        "The program ran into a breakpoint instruction (int3){}: a trap "
        "of its own, or one that a debugger left behind.",
        where);
    finding.evidence.push_back({.what = "the byte before the program counter is cc",
                                .thread = site->thread_id,
                                .frame = 0,
                                .address = *site->pc - 1});
    return {std::move(finding)};
  }
  if (site->is(sig::segv) && site->code == sig::si_kernel && instruction &&
      instruction->is_halt_or_privileged && !site->address) {
    finding.confidence = 0.9;
    finding.summary = fmt::format("`{}`{} may only be executed by the kernel.", site->text, where);
    finding.evidence.push_back({.what = "the processor refused the instruction itself",
                                .thread = site->thread_id,
                                .frame = 0,
                                .address = site->pc});
    return {std::move(finding)};
  }
  if (!site->is(sig::ill)) return {};
  if (instruction && instruction->is_undefined_trap) return trap(process, *site, finding);
  finding.evidence.push_back(
      {.what = fmt::format("the bytes at {} are {}", *site->pc, bytes_at(process, *site->pc)),
       .thread = site->thread_id,
       .frame = 0,
       .address = site->pc});
  if (instruction && is_optional_extension(instruction->extension)) {
    finding.confidence = 0.9;
    finding.summary = fmt::format(
        "The processor does not know `{}` ({}){}: the program was built for a newer processor.",
        site->text, instruction->extension, where);
    finding.next = {"build without -march=native, or for the oldest processor it must run on"};
  } else if (instruction) {
    finding.confidence = 0.75;
    finding.summary =
        fmt::format("The processor refused `{}`{} as an illegal instruction.", site->text, where);
  } else {
    finding.confidence = 0.85;
    finding.summary =
        fmt::format("Illegal instruction{}: the bytes there are no instruction.", where);
    if (process.arch() != snapshot::Arch::x86_64 && process.arch() != snapshot::Arch::x86) {
      finding.summary = fmt::format("Illegal instruction{}.", where);
      finding.evidence.push_back({.what = "instructions of this processor are not decoded"});
    }
  }
  return {std::move(finding)};
}

}  // namespace inquest::cause
