#include "snapshot/exceptions.h"

#include <algorithm>
#include <iterator>

namespace inquest::snapshot {
namespace {

using namespace exception;

struct Named {
  uint32_t code;
  std::string_view name;
};

constexpr Named kExceptions[] = {
    {0x0eedfade, "Delphi exception"},
    {0x40010005, "Control-C"},
    {0x40010006, "debug message"},
    {0x4000001f, "breakpoint of a 32-bit process"},
    {0x4000001e, "single step of a 32-bit process"},
    {0x406d1388, "thread being named for a debugger"},
    {0x80000001, "guard page touched"},
    {0x80000002, "misaligned access"},
    {0x80000003, "breakpoint"},
    {0x80000004, "single step"},
    {0x80000026, "longjmp"},
    {0x80000029, "unwind consolidation"},
    {0xc0000005, "access violation"},
    {0xc0000006, "in-page error"},
    {0xc0000008, "invalid handle"},
    {0xc000000d, "invalid parameter"},
    {0xc0000017, "out of memory"},
    {0xc000001d, "illegal instruction"},
    {0xc0000025, "continued an exception that cannot be"},
    {0xc0000026, "invalid disposition by an exception handler"},
    {0xc000008c, "array bounds exceeded"},
    {0xc000008d, "floating point: denormal operand"},
    {0xc000008e, "floating point: division by zero"},
    {0xc000008f, "floating point: inexact result"},
    {0xc0000090, "floating point: invalid operation"},
    {0xc0000091, "floating point: overflow"},
    {0xc0000092, "floating point: stack check"},
    {0xc0000093, "floating point: underflow"},
    {0xc0000094, "integer division by zero"},
    {0xc0000095, "integer overflow"},
    {0xc0000096, "privileged instruction"},
    {0xc00000fd, "stack overflow"},
    {0xc0000135, "DLL not found"},
    {0xc0000138, "ordinal not found in a DLL"},
    {0xc0000139, "entry point not found in a DLL"},
    {0xc000013a, "ended by Control-C"},
    {0xc0000142, "DLL initialisation failed"},
    {0xc0000194, "possible deadlock"},
    {0xc00002b4, "floating point: multiple faults"},
    {0xc00002b5, "floating point: multiple traps"},
    {0xc0000374, "heap corruption"},
    {0xc0000409, "fail fast"},
    {0xc0000417, "invalid parameter of a C runtime function"},
    {0xc000041d, "unhandled exception in a user callback"},
    {0xc0000420, "assertion failure"},
    {0xc0000602, "fail fast exception"},
    {0xc06d007e, "delay-loaded DLL not found"},
    {0xc06d007f, "function of a delay-loaded DLL not found"},
    {0xe0000008, "out of memory (Chromium)"},
    {0xe0434352, ".NET exception"},
    {0xe0434f4d, ".NET exception"},
    {0xe06d7363, "C++ exception"},
    {0x20474343, "C++ exception (gcc)"},
};

constexpr Named kFailFasts[] = {
    {0, "a stack buffer was overrun (/GS)"},
    {1, "a virtual table was not one (VTGuard)"},
    {2, "a stack buffer was overrun (stack cookie)"},
    {3, "a list entry is corrupt"},
    {4, "the stack is not the thread's"},
    {5, "an invalid argument"},
    {6, "the stack cookie could not be initialised"},
    {7, "the program ended itself (abort, terminate)"},
    {8, "a range check failed"},
    {9, "an unsafe access to the registry"},
    {10, "an indirect call to no valid target (Control Flow Guard)"},
    {11, "a guarded write failed (Control Flow Guard)"},
    {12, "an invalid fiber switch"},
    {13, "an invalid context was set"},
    {14, "an invalid reference count"},
    {18, "an invalid jump buffer (longjmp)"},
    {19, "read-only data of the loader was modified"},
    {20, "a certification failed"},
    {21, "the chain of exception handlers is invalid"},
    {22, "the cryptography library failed"},
    {23, "an invalid call from a DLL's entry point"},
    {24, "an invalid image base"},
    {25, "the delay loader's protection failed"},
    {26, "an unsafe extension call"},
    {27, "a deprecated service was called"},
    {28, "an invalid buffer access"},
    {29, "a balanced tree is corrupt"},
    {30, "an invalid next thread"},
    {31, "a call to a suppressed target (Control Flow Guard)"},
    {35, "an unexpected exception in the heap"},
    {36, "an invalid state of a lock"},
    {37, "a jump table's guard failed"},
    {38, "an invalid target of longjmp"},
    {39, "an invalid dispatch context"},
    {40, "an invalid thread"},
    {44, "a shadow stack check failed"},
    {45, "the loader's continuity check failed"},
    {46, "a call to a suppressed export (Control Flow Guard)"},
    {47, "an invalid control stack"},
    {48, "setting a context was denied"},
    {49, "an invalid import table"},
    {50, "the heap's own data are corrupt"},
    {51, "a payload restriction was violated"},
    {54, "an unhandled exception of the Linux subsystem"},
    {56, "an unexpected call"},
    {57, "a return to an invalid address (shadow stack)"},
    {58, "the host behaved unexpectedly"},
    {59, "processor flags are corrupt"},
    {60, "the list of vectored exception handlers is corrupt"},
    {64, "an indirect call to a target of another type (XFG)"},
    {65, "an invalid cast (Cast Guard)"},
};

constexpr Named kMach[] = {
    {1, "bad access"}, {2, "bad instruction"}, {3, "arithmetic"},      {4, "emulation"},
    {5, "software"},   {6, "breakpoint"},      {7, "system call"},     {8, "Mach system call"},
    {9, "RPC alert"},  {10, "crash"},          {11, "resource limit"}, {12, "guarded resource"},
};

template <size_t N>
std::string_view find(const Named (&names)[N], uint64_t code) {
  auto found = std::ranges::find_if(names, [&](const Named& one) { return one.code == code; });
  return found == std::end(names) ? std::string_view{} : found->name;
}

/// The first parameter of access violations and in-page errors.
std::string_view access_word(uint64_t kind) {
  switch (kind) {
    case 0:
      return "reading";
    case 1:
      return "writing";
    case 8:
      return "executing";
    default:
      return "accessing";
  }
}

}  // namespace

std::string_view exception_name(uint32_t code) { return find(kExceptions, code); }
std::string_view fail_fast_name(uint64_t sub_code) { return find(kFailFasts, sub_code); }
std::string_view mach_exception_name(uint32_t code) { return find(kMach, code); }

std::string exception_words(const Fault& fault, Os os) {
  uint32_t code = fault.exception.value_or(0);
  std::string words = fmt::format("{:#x}", code);
  std::string_view name = os == Os::macos ? mach_exception_name(code) : exception_name(code);
  if (!name.empty()) words += fmt::format(" {}", name);
  if (os == Os::macos) return words;
  const auto& parameters = fault.parameters;
  if ((code == kAccessViolation || code == kInPageError) && parameters.size() >= 2) {
    words += parameters[1] == UINT64_MAX
                 ? " at an address that is not canonical (not told)"
                 : fmt::format(" {} {:#x}", access_word(parameters[0]), parameters[1]);
    // The NTSTATUS of the read that failed: a disk or a network share that went away.
    if (code == kInPageError && parameters.size() >= 3) {
      words += fmt::format(" (status {:#x})", static_cast<uint32_t>(parameters[2]));
    }
  }
  if (code == kFailFast && !parameters.empty()) {
    std::string_view why = fail_fast_name(parameters[0]);
    words += why.empty() ? fmt::format(" {}", parameters[0])
                         : fmt::format(" {}: {}", parameters[0], why);
  }
  return words;
}

}  // namespace inquest::snapshot
