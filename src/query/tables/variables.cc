// Parameters and locals of frames, read from debug information a frame at a time.
#include "cause/variables.h"

#include <algorithm>

#include "query/sources.h"
#include "query/tables/tables.h"
#include "query/values.h"

namespace inquest::query {
namespace {

enum VariableColumn : size_t {
  kVariableThread,
  kVariableDepth,
  kVariableName,
  kVariableType,
  kIsParameter,
  kPlace,
  kVariableAddress,
  kVariableSize,
  kValue,
  kPointer
};

std::string_view place_word(symbols::Place::Kind kind) {
  switch (kind) {
    case symbols::Place::Kind::memory:
      return "memory";
    case symbols::Place::Kind::in_register:
      return "register";
    case symbols::Place::Kind::constant:
      return "constant";
    case symbols::Place::Kind::optimised_out:
      break;
  }
  return "optimised out";
}

/// The rows of `frames` that are one frame of the stack are looked at together: variables of
/// inlined calls come with those of the function that they were inlined into.
class VariablesCursor : public Cursor {
 public:
  VariablesCursor(Sources& sources, const Constraints& constraints)
      : sources_(sources),
        stacks_(sources.stacks()),
        reader_(sources.process(), {.values = {.depth = 0, .width = 0}}),
        wanted_(constraints.interval(kVariableDepth)) {
    auto thread_of = [&](const Call& call) {
      return int64_t{sources_.snapshot().threads[call.stack].id};
    };
    Interval threads = constraints.interval(kVariableThread);
    bool is_none = constraints.impossible() || threads.empty() || wanted_.empty();
    auto first = std::ranges::lower_bound(stacks_.calls, threads.least, {}, thread_of);
    auto last = std::ranges::upper_bound(stacks_.calls, threads.most, {}, thread_of);
    next_call_ = static_cast<size_t>(first - stacks_.calls.begin());
    last_call_ = is_none ? 0 : static_cast<size_t>(last - stacks_.calls.begin());
  }

  bool next() override {
    ++variable_;
    while (variable_ >= variables_.size()) {
      if (next_call_ >= last_call_ || sources_.interrupted()) return false;
      enter_frame();
    }
    value_.reset();
    return true;
  }

  void cell(size_t column, Cell& out) override {
    const symbols::Variable& one = variables_[variable_].said;
    switch (column) {
      case kVariableThread:
        return out.integer(sources_.snapshot().threads[stacks_.calls[first_].stack].id);
      case kVariableDepth:
        return out.integer(uint64_t{stacks_.calls[first_].depth} + variables_[variable_].call);
      case kVariableName:
        return out.text(one.name);
      case kVariableType:
        if (one.type) out.text_if_any(types_->type(one.type).name);
        return;
      case kIsParameter:
        return out.boolean(one.is_parameter);
      case kPlace:
        return out.word(place_word(one.place.kind));
      case kVariableAddress:
        if (one.place.kind == symbols::Place::Kind::memory) out.integer(one.place.value);
        return;
      case kVariableSize:
        if (uint64_t size = variables_[variable_].size) out.integer(size);
        return;
      case kValue:
        return out.text_if_any(value().value);
      case kPointer:
        if (auto pointer = pointer_in(value())) out.integer(*pointer);
        return;
    }
  }

  int64_t row() const override { return static_cast<int64_t>(uint64_t{first_} << 20 | variable_); }

 private:
  const unwind::Frame& frame() const {
    const Call& call = stacks_.calls[first_];
    return sources_.process().stacks()[call.stack].frames[call.frame];
  }

  /// To the variables of the next frame of which any row is wanted.
  void enter_frame() {
    variable_ = 0;
    variables_.clear();
    first_ = next_call_;
    const Call& call = stacks_.calls[first_];
    while (next_call_ < stacks_.calls.size() && stacks_.calls[next_call_].stack == call.stack &&
           stacks_.calls[next_call_].frame == call.frame) {
      ++next_call_;
    }
    int64_t last_depth = int64_t{call.depth} + static_cast<int64_t>(next_call_ - first_) - 1;
    const snapshot::Module* module = frame().module;
    if (last_depth < wanted_.least || call.depth > wanted_.most || !module) return;
    types_ = sources_.process().types(*module);
    if (types_) variables_ = reader_.of(frame(), next_call_ - first_);
  }

  const objects::Field& value() {
    if (!value_) value_ = shown(reader_.value(frame(), variables_[variable_]).field);
    return *value_;
  }

  Sources& sources_;
  const Stacks& stacks_;
  cause::VariableReader reader_;
  Interval wanted_;  ///< depths
  size_t next_call_ = 0, last_call_ = 0;
  size_t first_ = 0;  ///< row in `frames` of the innermost call of the frame
  const symbols::TypeReader* types_ = nullptr;
  std::vector<cause::FrameVariable> variables_ = {};
  size_t variable_ = 0;
  std::optional<objects::Field> value_ = {};  ///< of the row, once it was asked for
};

class VariablesTable : public Table {
 public:
  VariablesTable()
      : Table("variables",
              "parameters and locals of the frames, where debug information tells of them",
              {{"thread", Type::integer, "threads.id", Search::range, 100},
               {"depth", Type::integer, "frames.depth", Search::range, 50},
               {"name", Type::text, "`this` too"},
               {"type", Type::text, "as the debug information names it"},
               {"parameter", Type::boolean, "it is one"},
               {"place", Type::text, "memory, register, constant, optimised out"},
               {"address", Type::address, "where it lies in memory"},
               {"size", Type::integer, "of its type, in bytes"},
               {"value", Type::text,
                "of numbers, enumerations, pointers, text; how many elements a container has; NULL "
                "for other classes"},
               {"pointer", Type::address, "what a pointer or reference points to"}}) {}

  std::unique_ptr<Cursor> open(Sources& sources, const Constraints& constraints) const override {
    return std::make_unique<VariablesCursor>(sources, constraints);
  }
  double guessed_rows() const override { return 3000; }
};

}  // namespace

std::unique_ptr<Table> variables_table() { return std::make_unique<VariablesTable>(); }

}  // namespace inquest::query
