#include "cause/variables.h"

#include <algorithm>

#include "cause/object_space.h"
#include "objects/values/scalar.h"

namespace inquest::cause {

namespace {

using symbols::Place;
using symbols::TypeKind;
using symbols::TypeReader;
using unwind::Frame;

/// Of a frame that was found by guessing, its locals would be guesses as well.
constexpr float kSureFrame = 0.75F;

/// x86: where nothing of the function lies between sp and the return address, it was just entered
/// or is about to return. What is counted from rbp is then the caller's; and at its first
/// instructions nothing was written yet where its locals are to be.
bool is_without_frame(const Process& process, const Frame& frame, const Place& place) {
  const auto arch = process.arch();
  if (arch != snapshot::Arch::x86_64 && arch != snapshot::Arch::x86) return false;
  auto sp = frame.registers.sp();
  if (!frame.pc_is_exact || !sp || frame.cfa != *sp + snapshot::pointer_size(arch)) return false;
  auto fp = frame.registers.fp();
  if (fp && place.value >= frame.cfa.value && place.value < fp->value) return true;
  const Located at = process.locate(frame);
  constexpr uint64_t kMarkAndPush = 4;  // endbr64, then `push rbp`
  return !at.source.empty() && at.rva.value - at.source.back().begin.value <= kMarkAndPush;
}

}  // namespace

std::string why_unavailable(const Process& process, const Frame& frame, const FrameVariable& of) {
  const Place& place = of.said.place;
  switch (place.kind) {
    case Place::Kind::optimised_out:
      return place.is_lost ? "not available: it depends on a register that was not kept"
                           : "optimised out";
    case Place::Kind::constant:
      break;
    case Place::Kind::in_register: {
      if (frame.trust == unwind::Trust::scan || frame.confidence < kSureFrame)
        return "not available: the frame itself is a guess";
      if (frame.registers.has(place.reg)) break;
      auto name = snapshot::register_name(process.arch(), place.reg);
      return fmt::format("not available: register {} was not kept",
                         name.empty() ? fmt::format("{}", place.reg) : std::string(name));
    }
    case Place::Kind::memory: {
      const bool is_static = process.snapshot().module_at({place.value}) != nullptr;
      const bool is_sure = frame.trust != unwind::Trust::scan && frame.confidence >= kSureFrame;
      if (!is_static && !is_sure) return "not available: the frame itself is a guess";
      if (!is_static && is_without_frame(process, frame, place))
        return "not available: the function has no frame at this instruction";
      return {};
    }
  }
  return of.size > sizeof place.value ? "not available: only a part of it is described" : "";
}

/// Depths differ: what a pointer leads to is a level of its own.
struct VariableReader::Readers {
  Readers(const Process& process, const TypeReader& types, const VariableOptions& options)
      : types(types),
        names(object_space(process, types)),
        values(object_space(process, types), options.values, target_of(process, options)) {}
  static std::function<std::string(Address)> target_of(const Process& process,
                                                       const VariableOptions& options) {
    if (!options.targets) return {};
    return [&process](Address at) { return describe_target(process, nullptr, at); };
  }
  const TypeReader& types;
  objects::ElementReader names;
  objects::ValueReader values;
};

VariableOptions brief_variables() {
  return {.values = {.depth = 1, .width = 4, .text = 60, .visited = 1 << 12, .fields = 40},
          .pointees = true,
          .targets = true};
}

VariableReader::VariableReader(const Process& process, VariableOptions options)
    : process_(process), options_(options) {}
VariableReader::~VariableReader() = default;

VariableReader::Readers* VariableReader::readers(const Frame& frame) {
  const TypeReader* types = frame.module ? process_.types(*frame.module) : nullptr;
  if (!types) return nullptr;
  auto& found = readers_[types];
  if (!found) found = std::make_unique<Readers>(process_, *types, options_);
  return found.get();
}

std::vector<FrameVariable> VariableReader::of(const Frame& frame, size_t calls) const {
  std::vector<FrameVariable> out;
  const TypeReader* types = frame.module ? process_.types(*frame.module) : nullptr;
  if (!types) return out;
  for (symbols::Variable& said : process_.variables(frame)) {
    // It says how many calls were inlined around it; the calls begin with the innermost.
    const size_t from_last = std::min<size_t>(said.inline_depth, calls - 1);
    const uint64_t size = types->type(types->resolve(said.type)).size;
    out.push_back({.said = std::move(said), .call = calls - 1 - from_last, .size = size});
  }
  return out;
}

std::string VariableReader::type_name(const Frame& frame, const FrameVariable& variable) {
  Readers* found = readers(frame);
  if (!found || !variable.said.type) return {};
  return objects::type_name(found->names, {variable.said.type, 0});
}

objects::Field VariableReader::read(Readers& readers, const Frame& frame,
                                    const FrameVariable& variable) {
  const Place& place = variable.said.place;
  const objects::ObjectType type{variable.said.type, 0};
  if (place.kind == Place::Kind::memory) return readers.values.read({{place.value}, type});
  const uint64_t value = place.kind == Place::Kind::in_register
                             ? frame.registers.get(place.reg).value_or(0)
                             : place.value;
  return readers.values.read_value(type, std::as_bytes(std::span(&value, 1)));
}

/// The fields of what a pointer or a reference leads to become the pointer's.
void VariableReader::add_pointee(Readers& readers, const FrameVariable& variable,
                                 objects::Field& field) {
  if (!field.target || !process_.memory().has(*field.target)) return;
  const symbols::Type type = readers.types.type(readers.types.resolve(variable.said.type));
  if (type.kind != TypeKind::pointer && type.kind != TypeKind::reference) return;
  const symbols::Type to = readers.types.type(readers.types.resolve(type.target));
  const bool is_class = to.kind == TypeKind::class_ || to.kind == TypeKind::union_;
  if (!is_class && type.kind == TypeKind::pointer) return;
  objects::Field pointee = readers.values.read({*field.target, {type.target, 0}});
  if (!pointee.value.empty()) field.value += " -> " + pointee.value;
  field.fields = std::move(pointee.fields);
  if (field.note.empty()) field.note = std::move(pointee.note);
}

FrameValue VariableReader::value(const Frame& frame, const FrameVariable& variable) {
  FrameValue out;
  Readers* found = readers(frame);
  if (!found) return {.unavailable = "not available: there is no debug information"};
  out.unavailable = why_unavailable(process_, frame, variable);
  if (out.unavailable.empty()) {
    out.field = read(*found, frame, variable);
    if (options_.pointees) add_pointee(*found, variable, out.field);
    if (out.field.value == objects::kNotInDump) out.unavailable = "not available: not in the dump";
    if (out.field.value.empty() && out.field.fields.empty() && variable.size != 0 &&
        variable.said.place.kind == Place::Kind::memory &&
        !process_.memory().has({variable.said.place.value}))
      out.unavailable = "not available: not in the dump";
  }
  if (!out.unavailable.empty()) out.field = {.type = type_name(frame, variable)};
  out.field.name = variable.said.name;
  return out;
}

}  // namespace inquest::cause
