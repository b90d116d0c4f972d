/// The answer as values: stacks with source, findings, the verdict. No logic.
///
/// `cause/` fills it, `report/` prints it; neither knows the other.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/address.h"
#include "base/error.h"

namespace inquest::answer {

/// The KINDs of DESIGN.md, in its order.
enum class Kind : uint8_t {
  null_dereference,
  use_after_free,
  dangling_reference,
  pointer_reused,
  double_free,
  invalid_free,
  heap_corruption,
  heap_overflow,
  stack_overflow,
  stack_smash,
  uncaught_exception,
  assertion,
  pure_virtual_call,
  divide_by_zero,
  illegal_instruction,
  misaligned_access,
  wild_pointer,
  non_canonical_address,
  write_to_readonly,
  execute_nonexecutable,
  out_of_memory,
  address_space_exhausted,
  memory_leak,
  fragmentation,
  deadlock,
  lost_wakeup,
  busy_loop,
  foreign_module,
  bit_flip,
  killed,
  abort,
  unknown,
};
std::string_view name(Kind kind);  ///< "null-dereference"

/// A parameter or a local of a frame.
struct Variable {
  std::string name;
  std::string type = {};         ///< plain: "std::map<int, User>"; empty: not known
  std::string value = {};        ///< on one line; empty when it is not known
  std::string unavailable = {};  ///< then why: "optimised out", "not available: ..."
  std::string note = {};         ///< what makes the value doubtful
  bool parameter = false;
  bool artificial = false;         ///< made by the compiler, but for `this`
  bool type_helps = true;          ///< the value alone does not tell its type
  std::optional<Address> at = {};  ///< where it lies in memory
};

struct Frame {
  Address pc;
  std::string trust;  ///< "context", "cfi", "pe", "fp", "recovered", "scan"
  float confidence = 1;
  std::string module = {};         ///< file name; empty when pc is in none
  std::optional<Rva> offset = {};  ///< pc - module base
  std::string function = {};       ///< demangled; empty when not known
  std::string file = {};
  uint32_t line = 0;  ///< 0 when not known
  uint32_t column = 0;
  std::string source_url = {};  ///< where the file of this build can be read; http or https
  /// What gets that file from a version control that has no such address; for people to run.
  std::string source_command = {};
  bool inlined = false;
  bool signal_frame = false;
  /// Absent where they were not asked for, or no debug information tells of them.
  std::optional<std::vector<Variable>> variables = {};
};

/// What a thread that did not crash was about.
struct Activity {
  std::string kind = {};         ///< "running", "lock", "condition"...; empty: not known
  std::string words = {};        ///< "runs", "waits for a condition"
  std::string system_call = {};  ///< "futex"; empty: none, or not known
};

struct Stack {
  uint32_t thread = 0;
  std::string name = {};
  bool crashed = false;
  Activity activity = {};
  std::optional<double> cpu_seconds = {};  ///< used since its start; absent: not known
  std::vector<Frame> frames = {};          ///< innermost first
  std::string note = {};  ///< why the walk ended, when not at the thread's beginning
};

struct Module {
  std::string name;  ///< path as recorded
  Address base;
  uint64_t size = 0;
  std::string id = {};
  std::string symbols = {};  ///< "full", "public", "none", "mismatched"
  std::string from = {};
  std::string note = {};
};

struct Evidence {
  std::string what;
  std::optional<uint32_t> thread = {};
  std::optional<uint32_t> frame = {};  ///< index in that thread's frames
  std::optional<Address> address = {};
};

struct Finding {
  Kind kind = Kind::unknown;
  double confidence = 0;     ///< 0..1
  std::string summary = {};  ///< one sentence that a programmer can act on
  std::vector<Evidence> evidence = {};
  std::vector<std::string> next = {};  ///< what to do to know more
};

struct Explanation {
  std::string base;  ///< "null", "freed", "wild", "non-canonical", "readonly", ...
  std::string type = {};
  std::string member = {};
  std::optional<uint64_t> offset = {};
};

struct Fault {
  uint32_t thread = 0;
  std::string signal = {};     ///< "SIGSEGV"; empty for Windows
  std::string exception = {};  ///< "0xc0000005 access violation"; empty for Linux
  std::optional<Address> address = {};
  std::string instruction = {};  ///< disassembled, Intel syntax
  std::string access = "none";   ///< "read", "write", "execute", "none"
  std::optional<Explanation> explanation = {};
};

struct Dump {
  std::string path = {};
  std::string format = {}, os = {}, arch = {};
  std::optional<int32_t> pid = {};
  std::string command = {};
  std::string time = {};  ///< ISO 8601 UTC; empty when not known
  uint64_t bytes = 0;
  bool complete = true;
};

/// Everything `inquest why` says.
struct Answer {
  Dump dump;
  Finding verdict;
  std::optional<Fault> fault = {};
  std::vector<Stack> threads = {};  ///< the crashed one first
  std::vector<Module> modules = {};
  std::vector<Finding> findings = {};  ///< best first; the verdict's is among them
  std::vector<Warning> warnings = {};
};

}  // namespace inquest::answer
