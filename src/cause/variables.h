/// Parameters and locals of frames, and what they hold, where debug information says where they
/// are.
///
/// Never a guess: what was optimised out, what lay in a register that the frames further in did not
/// keep, what belongs to a frame that is itself a guess, has no value but a reason. Values are
/// bounded as ValueOptions says, whatever the memory holds. For one thread.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cause/process.h"
#include "objects/values.h"

namespace inquest::cause {

/// A variable in scope at a frame's pc.
struct FrameVariable {
  symbols::Variable said;  ///< as debug information has it
  size_t call = 0;         ///< of the calls at this pc: 0 is the innermost inlined one
  uint64_t size = 0;       ///< of its type, in bytes; 0 when not known
};

struct FrameValue {
  objects::Field field = {};     ///< type, value, fields; of what has no value the type alone
  std::string unavailable = {};  ///< why there is no value; empty when there is one
};

struct VariableOptions {
  objects::ValueOptions values = {};
  bool pointees = false;  ///< pointers to classes: the class's fields as well, once
  bool targets = false;   ///< say what pointers lead to: "0x1234 (game::Boss)"
};

/// Of values that people read beside a stack.
VariableOptions brief_variables();

/// Why a variable has no value that can be believed; empty when it may be read.
std::string why_unavailable(const Process& process, const unwind::Frame& frame,
                            const FrameVariable& variable);

class VariableReader {
 public:
  /// Borrows the process.
  VariableReader(const Process& process, VariableOptions options);
  ~VariableReader();

  /// Outer function first, parameters before locals as a rule; empty without debug information.
  /// `calls`: how many calls the frame is shown as, inlined ones included; at least 1.
  std::vector<FrameVariable> of(const unwind::Frame& frame, size_t calls) const;
  FrameValue value(const unwind::Frame& frame, const FrameVariable& variable);
  std::string type_name(const unwind::Frame& frame, const FrameVariable& variable);

 private:
  struct Readers;
  Readers* readers(const unwind::Frame& frame);
  objects::Field read(Readers& readers, const unwind::Frame& frame, const FrameVariable& variable);
  void add_pointee(Readers& readers, const FrameVariable& variable, objects::Field& field);

  const Process& process_;
  VariableOptions options_;
  std::map<const symbols::TypeReader*, std::unique_ptr<Readers>> readers_;
};

/// A value on one line, as C++ would initialise it: `3`, `"text"`, `{id = 7, name = "a"}`,
/// `2 elements {1, 2}`; cut where it is longer than `most` bytes.
std::string one_line(const objects::Field& field, size_t most);

/// Which frames are given their variables by `describe_variables`.
struct VariableQuestion {
  bool crashed_only = false;  ///< else all threads
  /// Only frames of the program's own source: opening the debug information of system libraries
  /// takes longer than all else.
  bool own_only = false;
  size_t most_frames = 256;  ///< of each thread, the innermost
};

/// Puts its variables into each frame of stacks that `Process::describe_stacks` made.
void describe_variables(const Process& process, const VariableQuestion& question,
                        std::vector<answer::Stack>& stacks, std::vector<Warning>& warnings);

}  // namespace inquest::cause
