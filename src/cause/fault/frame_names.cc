// FrameView: what debug information calls a value, a variable, a member.
#include "cause/fault/brief_name.h"
#include "cause/fault/frame_view.h"
#include "objects/types/thread_locals.h"

namespace inquest::cause {
namespace {

using symbols::TypeReader;

constexpr unsigned kMostNaming = 12;

}  // namespace

Naming FrameView::global_at(Address at) const {
  const auto* module = process_.snapshot().module_at(at);
  const auto* reader = module ? process_.types(*module) : nullptr;
  if (!reader) return {};
  Rva rva{at - module->range.begin};
  auto global = reader->global_at(rva);
  if (!global) return {};
  PointerType type{global->type, 0, reader};
  auto member = member_path(type, rva - global->begin);
  if (!member || member->path.empty()) return {.name = global->name, .type = type};
  const std::string_view dot = member->path.starts_with('[') ? "" : ".";
  return {.name = fmt::format("{}{}{}", global->name, dot, member->path), .type = member->type};
}

Naming FrameView::thread_local_at(Address at) const {
  const auto* reader = frame_.module ? process_.types(*frame_.module) : nullptr;
  const snapshot::Thread* own = thread();
  // On x86-64 the variables lie below the thread pointer, what is the C library's own from there
  // on.
  if (!reader || !own || !own->tls || at.value >= *own->tls) return {};
  auto block = objects::thread_local_block(process_.snapshot(), *frame_.module, *own);
  if (!block || at < *block) return {};
  const uint64_t offset = at - *block;
  Naming found;
  reader->each_global([&](const TypeReader::Global& global) {
    if (!global.is_thread_local || found.type || offset < global.begin.value) return;
    PointerType type{global.type, 0, reader};
    auto member = member_path(type, offset - global.begin.value);
    if (!member) return;
    found = {.name = global.name, .type = type};
    if (!member->path.empty()) found = {global.name + "." + member->path, member->type};
  });
  return found;
}

Naming FrameView::name_of_load(const Value& load, unsigned depth) const {
  const Value address = values()[load.base];
  if (values().is_thread_local(load.base)) {
    auto at = concrete(load.base);
    return at ? thread_local_at(Address{*at}) : Naming{};
  }
  if (address.form == Form::stack) {
    for (const Named& named : names_) {
      int64_t inside = address.number - values()[named.value].number;
      if (!named.is_address || inside < 0) continue;
      auto member = member_path(named.naming.type, static_cast<uint64_t>(inside));
      if (!member) continue;
      std::string path =
          member->path.empty() ? named.naming.name : named.naming.name + "." + member->path;
      return {.name = path, .type = member->type};
    }
    return {};
  }
  if (address.form == Form::constant) {
    return global_at(Address{static_cast<uint64_t>(address.number)});
  }
  ValueId base = address.form == Form::sum ? address.base : load.base;
  int64_t offset = address.form == Form::sum ? address.number : 0;
  MemberName member = member_of(base, offset, depth + 1);
  return {.type = member.member_type};
}

Naming FrameView::name_of(ValueId id, unsigned depth) const {
  if (!id || depth > kMostNaming || !followed()) return {};
  for (const Named& named : names_) {
    if (!named.is_address && named.value == id) return named.naming;
  }
  const Value v = values()[id];
  switch (v.form) {
    case Form::merge: {
      // Of one type, as far as the choices have any: p = first; p = next...
      PointerType common;
      for (ValueId choice : values().choices(id)) {
        PointerType one = name_of(choice, depth + 4).type;
        if (!one) continue;
        if (common && name_of_type(one) != name_of_type(common)) return {};
        common = one;
      }
      return {.type = common};
    }
    case Form::load:
      return name_of_load(v, depth);
    case Form::sum: {
      MemberName member = member_of(v.base, v.number, depth + 1);
      return {.type = pointer_to(member.member_type)};
    }
    case Form::element: {
      PointerType base = name_of(v.base, depth + 1).type;
      bool fits = v.size == 1 || size_of(pointee(base)) == v.size;
      return fits ? Naming{.type = base} : Naming{};
    }
    case Form::stack:
      for (const Named& named : names_) {
        if (named.is_address && named.value == id) return {.type = pointer_to(named.naming.type)};
      }
      return {};
    case Form::constant: {
      if (static_cast<uint64_t>(v.number) < 0x10000) return {};
      Naming global = global_at(Address{static_cast<uint64_t>(v.number)});
      return {.type = pointer_to(global.type)};
    }
    case Form::result: {
      const auto* reader = frame_.module ? process_.types(*frame_.module) : nullptr;
      auto called = callee_address(v.at);
      if (!called) return {};
      if (PointerType declared = declared_result(*called)) return {.type = declared};
      if (!reader) return {};
      Located place = process_.locate(*called);
      if (place.source.empty()) return {};
      return {.type = library_result(place.source.back().function, *reader)};
    }
    default:
      return {};
  }
}

PointerType FrameView::declared_result(Address function) const {
  const auto* module = process_.snapshot().module_at(function);
  const auto* reader = module ? process_.types(*module) : nullptr;
  if (!reader) return {};
  PointerType type{.type = reader->result_type(Rva{function - module->range.begin}),
                   .reader = reader};
  // A class comes back in memory that the caller gave, or in registers: not as a pointer to it.
  if (!type.type || !pointee(type)) return {};
  return type;
}

MemberName FrameView::member_of(ValueId id, int64_t offset, unsigned depth) const {
  if (!id || depth > kMostNaming || !followed()) return {};
  PointerType pointer = name_of(id, depth).type;
  const Value v = values()[id];
  if (!pointer && v.form == Form::element) return member_of(v.base, offset, depth + 1);
  PointerType target = pointee(pointer);
  if (!target) return {};
  MemberName out{.type = brief_name(name_of_type(target))};
  if (offset < 0) return out;
  auto inside = static_cast<uint64_t>(offset);
  uint64_t size = size_of(target);
  bool outside = size > 0 && inside >= size;
  if (outside) inside %= size;
  auto member = member_path(target, inside);
  if (!member) return out;
  // A pointer to a scalar may well be one to an array of them; one to a class that is left behind
  // more likely points to a part of something larger.
  if (outside && !member->path.empty()) return out;
  out.member = member->path;
  if (member->inside == 0) out.member_type = member->type;
  return out;
}

}  // namespace inquest::cause
