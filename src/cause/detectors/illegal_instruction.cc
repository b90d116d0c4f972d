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

/// What clang checked, of a `ud1 eax, [eax + N]` (67 0f b9 40 NN; without a displacement 67 0f b9
/// 00): N is the number of the check in clang's list (llvm.ubsantrap; LIST_SANITIZER_CHECKS of
/// clang 12 to 19, in its order). Empty for other traps.
std::string_view checked_by_clang(const Process& process, Address at) {
  static constexpr std::string_view kChecks[] = {
      "an addition overflowed",
      "code that must not be reached was reached",
      "an indirect call or a cast went to a wrong type",
      "a division by zero, or one that overflows",
      "an object is not of the type that it is used as",
      "a floating-point number does not fit",
      "a function was called through a wrong type",
      "a conversion changed the number",
      "an argument of a builtin is not allowed",
      "an Objective-C cast was wrong",
      "a bool or enum holds a value that it cannot have",
      "a function ended without returning a value",
      "a multiplication overflowed",
      "a negation overflowed",
      "an argument must not be null, and is",
      "a returned pointer must not be null, and is",
      "an argument must not be null, and is",
      "a returned pointer must not be null, and is",
      "an index is out of the bounds of its array",
      "pointer arithmetic overflowed",
      "a shift by too many bits, or of a negative number",
      "a subtraction overflowed",
      "a pointer is null, misaligned or to too small an "
      "object for its type",
      "an assumption of alignment is wrong",
      "the size of a variable-length array is not "
      "positive"};
  std::array<uint8_t, 5> code{};
  if (process.memory().read(at, std::as_writable_bytes(std::span(code))) != code.size()) return {};
  if (code[0] != 0x67 || code[1] != 0x0f || code[2] != 0xb9) return {};
  size_t check = code[3] == 0x40 ? static_cast<size_t>(code[4]) : code[3] == 0x00 ? 0 : 255;
  return check < std::size(kChecks) ? kChecks[check] : std::string_view();
}

Findings trap(const Process& process, const FaultSite& site, Finding finding) {
  std::string where = site.pc ? " in " + process.describe(*site.pc) : "";
  finding.confidence = 0.95;
  finding.summary = fmt::format(
      "The program ran into `{}`, a trap that the compiler put{}: code that must not be reached, "
      "or a check that failed.",
      site.text, where);
  auto check = site.pc ? checked_by_clang(process, *site.pc) : std::string_view();
  if (!check.empty()) {
    finding.summary = fmt::format(
        "A check of the undefined-behaviour sanitizer (in trap mode) failed{}: {}.", where, check);
    finding.evidence.push_back(
        {.what = fmt::format("`{}` is clang's trap for a failed check; its number says which: {}",
                             site.text, check),
         .thread = site.thread_id,
         .frame = 0,
         .address = site.pc});
    finding.next = {
        "look at the source line, or build without trap mode (-fno-sanitize-trap) to "
        "have the values printed"};
    return {std::move(finding)};
  }
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
