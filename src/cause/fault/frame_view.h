/// One frame seen three ways at once: its values now, how they came about, and what they are
/// called.
///
/// Joins the expressions of function_values.h with the frame's registers and memory, and with the
/// variables and types of the debug information. x86-64. Borrows the Process and the frame.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cause/code/function_values.h"
#include "cause/fault/member_path.h"
#include "cause/process.h"

namespace inquest::cause {

/// What debug information calls a value.
struct Naming {
  std::string name = {};  ///< "avatar", "this"; empty when it has only a type
  PointerType type = {};  ///< of the value, mostly a pointer
};

/// A pointer and how far behind what it points to an address lies, in words of its type.
struct MemberName {
  std::string type = {};    ///< "Guild"; empty when not known
  std::string member = {};  ///< "rank"; empty when not known
  PointerType member_type = {};
  /// "`Guild::rank`", or "`Guild`" when the offset has no member.
  std::string text() const;
};

/// Whether a function, by its name, returns no null pointer: operator new throws instead.
bool never_null(std::string_view function);
/// Whether the C library's function returns what it was given first: memcpy, strcpy and the like.
bool returns_its_argument(std::string_view function);

class FrameView {
 public:
  /// `call_site`: the frame is a caller, seen just before its call. `registers`, `cfa` are the
  /// frame's; a frame whose code cannot be followed still has variables.
  /// `at_call`: all registers just behind the call, where the callee has not run (a call that
  /// went where nothing could be executed). Borrowed.
  FrameView(const Process& process, const unwind::Frame& frame, size_t frame_index,
            const snapshot::Registers* at_call = nullptr);

  const Process& process() const { return process_; }
  const unwind::Frame& frame() const { return frame_; }
  size_t index() const { return index_; }

  bool followed() const { return values_.has_value() && state_.has_value(); }
  const FunctionValues& function() const { return *values_; }
  const ValueTable& values() const { return values_->values(); }
  ValueTable& values() { return values_->values(); }
  const State& state() const { return *state_; }
  /// The instruction at the fault, or the call.
  const Instruction* instruction() const { return instruction_; }
  /// Where the function begins; absent for a part that was split off.
  std::optional<Address> entry() const;
  /// "`Roster::standing_of(Avatar const&) const`": the innermost call here, inlined ones included,
  /// that is not of the C++ library.
  std::string function_name() const;
  /// The function that was really called, not what was inlined into it.
  std::string outer_function_name() const;

  /// What the value is in this frame: held in a register, in a slot, or loaded again from memory.
  std::optional<uint64_t> concrete(ValueId id, unsigned depth = 0) const;

  Naming name_of(ValueId id, unsigned depth = 0) const;
  /// The member at `offset` of what the pointer `id` points to.
  MemberName member_of(ValueId id, int64_t offset, unsigned depth = 0) const;
  /// "`Avatar::guild` of `avatar`", "the result of `World::online(long)`", "rdi"...
  std::string describe(ValueId id, unsigned depth = 0) const;
  /// "the object at 0x55b5abbe7f00", of a pointer that came by a way without names: loaded through
  /// other nameless pointers, or by one of several paths. Absent of others, and when the value is
  /// not known.
  std::optional<std::string> object_by_address(ValueId id) const;
  /// " of `avatar`"; empty when there is nothing to say of the value.
  std::string of(ValueId id, unsigned depth = 0) const;
  /// Of a merge: the value that really arrived, as far as the frame's values tell.
  ValueId settle(ValueId id, std::optional<uint64_t> known) const;
  /// The name of the function that a call goes to, through the PLT; empty when not known.
  std::string callee(Address call) const;
  std::optional<Address> callee_address(Address call) const;
  /// The pointer or reference that a function returns, by its debug information; unknown otherwise.
  PointerType declared_result(Address function) const;

 private:
  struct Named {
    ValueId value;
    Naming naming;
    bool is_address = false;  ///< the value is the address of the variable, not its content
  };
  void collect_names();
  Naming name_of_load(const Value& load, unsigned depth) const;
  Naming global_at(Address at) const;
  Naming thread_local_at(Address at) const;
  /// The thread whose frame this is; null when it is of none of the Process' stacks.
  const snapshot::Thread* thread() const;
  void add_variable(const symbols::Variable& variable, const symbols::TypeReader& reader,
                    const State& state, bool at_entry);

  const Process& process_;
  const unwind::Frame& frame_;
  size_t index_;
  std::optional<snapshot::Registers> at_call_ = {};
  mutable std::optional<FunctionValues> values_;
  std::optional<State> state_;
  const Instruction* instruction_ = nullptr;
  bool begins_at_entry_ = true;
  std::vector<Named> names_;
};

}  // namespace inquest::cause
