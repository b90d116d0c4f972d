#include "cause/code/function_values.h"

#include <algorithm>
#include <set>

#include "cause/code/step.h"

namespace inquest::cause {
namespace {

constexpr size_t kNone = static_cast<size_t>(-1);
/// A block is looked at so often at most: a guard, the lattice is lower than that.
constexpr unsigned kMostVisits = 64;

State entry_state(ValueTable& values) {
  State state;
  for (size_t r = 0; r < State::kRegisters; ++r) {
    state.regs[r] = values.entry(static_cast<snapshot::Register>(r));
  }
  state.regs[snapshot::x64::rsp] = values.stack(-8);
  return state;
}

bool is_indirect_jump(const Instruction& instruction) {
  return instruction.flow == Flow::jump && !instruction.target;
}

}  // namespace

const Slot* State::slot(int64_t offset) const {
  auto at = std::lower_bound(slots.begin(), slots.end(), offset,
                             [](const Slot& s, int64_t o) { return s.offset < o; });
  return at != slots.end() && at->offset == offset ? &*at : nullptr;
}

std::optional<FunctionValues> FunctionValues::follow(const snapshot::Memory& memory,
                                                     AddressRange function) {
  if (function.empty() || function.size() > kMostBytes) return {};
  FunctionValues out;
  out.range_ = function;
  if (!out.decode_all(memory)) return {};
  out.cut_blocks();
  out.run();
  return out;
}

bool FunctionValues::decode_all(const snapshot::Memory& memory) {
  std::vector<std::byte> code(range_.size());
  code.resize(memory.read(range_.begin, code));
  Bytes rest(code);
  Address at = range_.begin;
  while (!rest.empty()) {
    auto instruction = decode(snapshot::Arch::x86_64, rest, at);
    // Data between instructions (jump tables, padding) is stepped over bytewise.
    size_t length = instruction ? instruction->length : 1;
    if (instruction) instructions_.push_back(std::move(*instruction));
    rest = rest.subspan(length);
    at = at + length;
  }
  return !instructions_.empty();
}

void FunctionValues::cut_blocks() {
  std::set<Address> leaders{instructions_.front().at};
  for (const auto& instruction : instructions_) {
    bool ends = instruction.flow == Flow::jump || instruction.flow == Flow::branch ||
                instruction.flow == Flow::ret || instruction.flow == Flow::trap;
    if (ends) leaders.insert(instruction.next());
    if (ends && instruction.target && range_.contains(*instruction.target)) {
      leaders.insert(*instruction.target);
    }
  }
  for (size_t i = 0; i < instructions_.size(); ++i) {
    bool gap = i > 0 && instructions_[i - 1].next() != instructions_[i].at;
    if (gap || leaders.contains(instructions_[i].at)) blocks_.push_back({.first = i, .last = i});
    blocks_.back().last = i + 1;
  }
  auto block_at = [&](Address at) -> uint32_t {
    auto found = std::partition_point(blocks_.begin(), blocks_.end(), [&](const Block& b) {
      return instructions_[b.first].at < at;
    });
    if (found == blocks_.end() || instructions_[found->first].at != at) return UINT32_MAX;
    return static_cast<uint32_t>(found - blocks_.begin());
  };
  std::vector<bool> has_source(blocks_.size(), false);
  has_source[0] = true;
  for (auto& block : blocks_) {
    const auto& last = instructions_[block.last - 1];
    auto link = [&](Address to) {
      uint32_t target = block_at(to);
      if (target == UINT32_MAX) return;
      block.next.push_back(target);
      has_source[target] = true;
    };
    bool falls = last.flow == Flow::next || last.flow == Flow::call || last.flow == Flow::branch;
    if (falls) link(last.next());
    if ((last.flow == Flow::jump || last.flow == Flow::branch) && last.target) link(*last.target);
  }
  // What nothing jumps to directly is the target of a jump table, where there is one.
  for (auto& block : blocks_) {
    if (!is_indirect_jump(instructions_[block.last - 1])) continue;
    for (uint32_t i = 0; i < blocks_.size() && block.next.size() < 512; ++i) {
      if (!has_source[i]) block.next.push_back(i);
    }
  }
}

void FunctionValues::run() {
  arrive(0, entry_state(*values_));
  // Blocks that only an exception or an unseen jump leads to are followed from nothing known.
  for (uint32_t next_root = 0;;) {
    while (!queue_.empty()) {
      // The lowest address first is close to the order of the source.
      auto lowest = std::min_element(queue_.begin(), queue_.end());
      uint32_t index = *lowest;
      *lowest = queue_.back();
      queue_.pop_back();
      Block& block = blocks_[index];
      block.queued = false;
      State state = block.in;
      for (size_t i = block.first; i < block.last; ++i) step(state, instructions_[i]);
      for (uint32_t next : block.next) arrive(next, state);
    }
    while (next_root < blocks_.size() && blocks_[next_root].reached) ++next_root;
    if (next_root == blocks_.size()) break;
    arrive(next_root, State{});
  }
}

void FunctionValues::arrive(uint32_t index, const State& state) {
  Block& block = blocks_[index];
  State before = block.in;
  if (!block.reached) {
    block.reached = true;
    block.in = state;
  } else {
    join(block, state, instructions_[block.first].at);
    if (block.in == before || block.visits >= kMostVisits) return;
  }
  ++block.visits;
  if (!block.queued) {
    block.queued = true;
    queue_.push_back(index);
  }
}

void FunctionValues::join(Block& block, const State& state, Address at) {
  ValueTable& values = *values_;
  auto both = [&](ValueId old, ValueId now, int64_t place) {
    if (old == now) return old;
    const Value& known = values[old];
    if (known.form == Form::merge && known.at == at && known.place == place) {
      values.merge(at, place, old, now);
      return old;
    }
    return values.merge(at, place, old, now);
  };
  for (size_t r = 0; r < State::kRegisters; ++r) {
    block.in.regs[r] = both(block.in.regs[r], state.regs[r], static_cast<int64_t>(r));
  }
  std::vector<Slot> kept;
  for (const Slot& old : block.in.slots) {
    const Slot* now = state.slot(old.offset);
    if (!now || now->size != old.size) continue;
    // Slots are told from registers by an offset that no register number reaches.
    ValueId value = both(old.value, now->value, old.offset - 4096);
    kept.push_back({old.offset, old.size, value});
  }
  block.in.slots = std::move(kept);
  std::vector<int64_t> given;
  std::set_union(block.in.given_away.begin(), block.in.given_away.end(), state.given_away.begin(),
                 state.given_away.end(), std::back_inserter(given));
  block.in.given_away = std::move(given);
}

void FunctionValues::step(State& state, const Instruction& instruction) const {
  Stepper{*values_, state}.step(instruction);
}

ValueId FunctionValues::address_of(const State& state, const Instruction& instruction,
                                   const Operand& operand) const {
  State copy = state;
  return Stepper{*values_, copy}.address(instruction, operand);
}

size_t FunctionValues::index_at(Address pc) const {
  auto found = std::partition_point(instructions_.begin(), instructions_.end(),
                                    [&](const Instruction& i) { return i.at < pc; });
  if (found == instructions_.end() || found->at != pc) return kNone;
  return static_cast<size_t>(found - instructions_.begin());
}

std::optional<State> FunctionValues::before(Address pc) const {
  size_t index = index_at(pc);
  if (index == kNone) return {};
  auto after = std::partition_point(blocks_.begin(), blocks_.end(),
                                    [&](const Block& b) { return b.first <= index; });
  const Block& block = *(after - 1);
  if (!block.reached) return {};
  State state = block.in;
  for (size_t i = block.first; i < index; ++i) step(state, instructions_[i]);
  return state;
}

const Instruction* FunctionValues::instruction_at(Address pc) const {
  size_t index = index_at(pc);
  return index == kNone ? nullptr : &instructions_[index];
}

const Instruction* FunctionValues::instruction_ending_at(Address pc) const {
  auto after = std::partition_point(instructions_.begin(), instructions_.end(),
                                    [&](const Instruction& i) { return i.at < pc; });
  if (after == instructions_.begin()) return nullptr;
  const Instruction& before = *(after - 1);
  return before.next() == pc ? &before : nullptr;
}

}  // namespace inquest::cause
