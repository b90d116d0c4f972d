/// Evaluates the postfix expressions of Breakpad's STACK records and of a PDB's frame data.
///
/// Source: Breakpad "symbol_files.md"; the operators of frame data: Microsoft, IDiaFrameData
/// get_program. Tokens stand between spaces; a value is unsigned and as wide as a pointer. Bounded
/// by the program's length, and that by kLongestProgram. For one thread.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "unwind/words.h"

namespace inquest::unwind {

/// Longer programs are not executed: compilers write a hundred characters or so.
inline constexpr size_t kLongestProgram = 2048;

/// Names ("$ebp", "$T0", ".cbLocals") and their values. Names are borrowed.
class PostfixVariables {
 public:
  void set(std::string_view name, uint64_t value);
  /// The same for a name that is not known yet.
  void add(std::string_view name, uint64_t value);
  void reserve(size_t names) { variables_.reserve(names); }
  /// `set`, remembered as one that a program assigned.
  void assign(std::string_view name, uint64_t value);
  std::optional<uint64_t> get(std::string_view name) const;
  /// Its value where a program assigned it.
  std::optional<uint64_t> assigned(std::string_view name) const;

 private:
  struct Variable {
    std::string_view name;
    uint64_t value;
    bool assigned;
  };
  Variable* find(std::string_view name);
  const Variable* find(std::string_view name) const;

  std::vector<Variable> variables_;
};

/// Takes the next token off the front of `text`; empty at its end.
std::string_view next_token(std::string_view& text);

/// An expression without assignments that leaves one value: "$rsp 8 + ^".
std::optional<uint64_t> evaluate_postfix(std::string_view expression,
                                         const PostfixVariables& variables, Words& words);
/// A program of assignments: "$T0 $ebp = $eip $T0 4 + ^ =". False when it fails; what it had
/// assigned by then stays.
bool run_postfix(std::string_view program, PostfixVariables& variables, Words& words);

}  // namespace inquest::unwind
