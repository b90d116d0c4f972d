// FrameView::describe: a value in words.
#include "cause/fault/frame_view.h"

namespace inquest::cause {
namespace {

std::string ordinal_of_argument(snapshot::Register reg) {
  namespace x64 = snapshot::x64;
  switch (reg) {
    case x64::rdi:
      return "first";
    case x64::rsi:
      return "second";
    case x64::rdx:
      return "third";
    case x64::rcx:
      return "fourth";
    case x64::r8:
      return "fifth";
    case x64::r9:
      return "sixth";
    default:
      return {};
  }
}

}  // namespace

std::string FrameView::of(ValueId id, unsigned depth) const {
  const Value v = values()[id];
  bool silent = v.form == Form::merge || v.form == Form::computed || v.form == Form::unknown;
  if (silent && name_of(id).name.empty()) return {};
  return " of " + describe(id, depth);
}

std::optional<std::string> FrameView::object_by_address(ValueId id) const {
  Form form = values()[id].form;
  bool roundabout = form == Form::load || form == Form::merge || form == Form::computed;
  if (!roundabout || !name_of(id).name.empty()) return {};
  if (form == Form::load) {
    // A member, an element or a variable has words that are better than a number.
    const Value address = values()[values()[id].base];
    if (address.form == Form::constant) return {};
    ValueId base = address.form == Form::sum ? address.base : values()[id].base;
    int64_t offset = address.form == Form::sum ? address.number : 0;
    if (!member_of(base, offset).member.empty()) return {};
    if (values()[base].form == Form::element) return {};
  }
  auto at = concrete(id);
  if (!at || *at < 0x10000) return {};
  return fmt::format("the object at {:#x}", *at);
}

std::string FrameView::describe(ValueId id, unsigned depth) const {
  if (!id || depth > 6 || !followed()) return "a value whose origin is not known";
  Naming naming = name_of(id);
  if (!naming.name.empty()) return fmt::format("`{}`", naming.name);
  const Value v = values()[id];
  switch (v.form) {
    case Form::entry: {
      auto which = ordinal_of_argument(v.reg);
      auto name = snapshot::register_name(snapshot::Arch::x86_64, v.reg);
      if (which.empty()) return fmt::format("what {} held when the function was entered", name);
      return fmt::format("the {} argument ({}) of {}", which, name, outer_function_name());
    }
    case Form::constant: {
      if (v.number == 0) return "a null constant";
      std::string global = global_at(Address{static_cast<uint64_t>(v.number)}).name;
      if (global.empty()) return fmt::format("the constant {:#x}", static_cast<uint64_t>(v.number));
      if (global.ends_with("[0]")) global.resize(global.size() - 3);  // the array itself
      return fmt::format("the global `{}`", global);
    }
    case Form::stack:
      return "the address of a local variable";
    case Form::thread:
      return "the thread pointer";
    case Form::sum: {
      MemberName member = member_of(v.base, v.number);
      if (!member.member.empty()) {
        return fmt::format("the address of {}{}", member.text(), of(v.base, depth + 1));
      }
      return fmt::format("{} bytes behind {}", v.number, describe(v.base, depth + 1));
    }
    case Form::element:
      return fmt::format("an element of {}", describe(v.base, depth + 1));
    case Form::load: {
      const Value address = values()[v.base];
      if (address.form == Form::constant) {
        Address at{static_cast<uint64_t>(address.number)};
        return "the variable at " + process_.describe(at);
      }
      if (address.form == Form::stack) return "a slot of the stack frame";
      if (values().is_thread_local(v.base)) return "a thread-local variable";
      ValueId base = address.form == Form::sum ? address.base : v.base;
      int64_t offset = address.form == Form::sum ? address.number : 0;
      MemberName member = member_of(base, offset);
      if (!member.member.empty()) {
        return member.text() + of(base, depth + 1);
      }
      if (values()[base].form == Form::element) return describe(base, depth + 1);
      if (auto object = object_by_address(base)) {
        return fmt::format("offset {} of {}", offset, *object);
      }
      const std::string from = offset == 0 ? "" : fmt::format("offset {} of ", offset);
      return fmt::format("{}what {} points to", from, describe(base, depth + 1));
    }
    case Form::narrow:
      return fmt::format("the low {} bits of {}", v.size * 8, describe(v.base, depth + 1));
    case Form::result: {
      auto name = callee(v.at);
      return name.empty() ? fmt::format("the result of the call at {}", v.at)
                          : fmt::format("the result of `{}`", name);
    }
    case Form::merge:
      return "a value that depends on the path taken";
    case Form::computed:
      return fmt::format("a value computed at {}", v.at);
    case Form::unknown:
      break;
  }
  return "a value whose origin is not known";
}

}  // namespace inquest::cause
