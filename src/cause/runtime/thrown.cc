#include "cause/runtime/thrown.h"

#include <algorithm>
#include <array>

#include "cause/code/x64.h"
#include "cause/runtime/what.h"

namespace inquest::cause {
namespace {

constexpr uint64_t kGnu = 0x474e5543432b2b00;  // "GNUCC++\0"
constexpr uint64_t kGnuDependent = 0x474e5543432b2b01;
constexpr uint64_t kClang = 0x434c4e47432b2b00;  // "CLNGC++\0"
constexpr uint64_t kClangDependent = 0x434c4e47432b2b01;

constexpr uint64_t kHeaderToObject = 32;
constexpr uint64_t kScannedForThrown = 256 << 10;

bool is_class_word(uint64_t word) {
  return word == kGnu || word == kGnuDependent || word == kClang || word == kClangDependent;
}

/// The offset of a module's thread-local variable, from code that computes its address by
/// __tls_get_addr: `lea rdi, [tls_index]; call __tls_get_addr; add rax, offset`, or by the thread
/// pointer: `mov rax, fs:0; lea rax, [rax - offset]` / `mov rax, [got]; add rax, fs:0`.
std::optional<Address> thread_local_of(const Process& process, Address function, uint64_t tls) {
  const auto& memory = process.memory();
  std::array<std::byte, 96> code{};
  size_t size = memory.read(function, code);
  uint64_t index_at = 0, from_got = 0;
  bool called = false, has_fs = false;
  for (size_t at = 0; at < size;) {
    auto step = decode_x64(std::span(code).first(size).subspan(at), function + at);
    if (!step) return {};
    at += step->instruction.length;
    const auto& to = step->operands[0];
    const auto& from = step->operands[1];
    switch (step->instruction.mnemonic) {
      case ZYDIS_MNEMONIC_LEA:
        if (from.mem.base == ZYDIS_REGISTER_RIP) {
          index_at = step->end().value + static_cast<uint64_t>(from.mem.disp.value);
        } else if (has_fs) {
          return Address{tls + from_got + static_cast<uint64_t>(from.mem.disp.value)};
        }
        break;
      case ZYDIS_MNEMONIC_CALL: {
        if (index_at == 0) return {};
        // dtv[module] is { pointer, to_free }, dtv[0] its generation; fs:8 holds dtv.
        auto module = memory.read<uint64_t>(Address{index_at});
        auto offset = memory.read<uint64_t>(Address{index_at + 8});
        auto dtv = memory.read<uint64_t>(Address{tls + 8});
        if (!module || !offset || !dtv || *module == 0 || *module > 1 << 16) return {};
        auto block = memory.read<uint64_t>(Address{*dtv + 16 * *module});
        if (!block || *block == 0 || *block == UINT64_MAX) return {};
        from_got = *block + *offset;
        called = true;
        break;
      }
      case ZYDIS_MNEMONIC_ADD:
        if (called && from.type == ZYDIS_OPERAND_TYPE_IMMEDIATE &&
            dwarf_register(to.reg.value) == snapshot::x64::rax) {
          from_got += from.imm.value.u;
        } else if (from.type == ZYDIS_OPERAND_TYPE_MEMORY &&
                   from.mem.segment == ZYDIS_REGISTER_FS) {
          has_fs = true;
        } else if (has_fs && from.type == ZYDIS_OPERAND_TYPE_IMMEDIATE &&
                   to.type == ZYDIS_OPERAND_TYPE_REGISTER &&
                   dwarf_register(to.reg.value) == snapshot::x64::rax) {
          from_got += from.imm.value.u;
        }
        break;
      case ZYDIS_MNEMONIC_MOV:
        if (from.type != ZYDIS_OPERAND_TYPE_MEMORY) break;
        if (from.mem.segment == ZYDIS_REGISTER_FS) {
          has_fs = true;
        } else if (from.mem.base == ZYDIS_REGISTER_RIP) {
          auto word =
              memory.read<uint64_t>(step->end() + static_cast<uint64_t>(from.mem.disp.value));
          if (!word) return {};
          from_got = *word;
        }
        break;
      case ZYDIS_MNEMONIC_RET:
        if (called) return Address{from_got};
        if (has_fs) return Address{tls + from_got};
        return {};
      default:
        break;
    }
  }
  return {};
}

/// Whether what lies at `header` is a C++ exception that may be the wanted one.
bool is_exception(const Process& process, Address header) {
  if (header.value % 16 != 0 || header.value < 128) return false;
  auto word = process.memory().read<uint64_t>(header);
  return word && is_class_word(*word);
}

/// Registers and stack words of the innermost frames: pointers to exceptions in the order of their
/// frames. __cxa_throw and the unwinder keep the header or the object in registers and locals.
std::optional<Address> scan_stack(const Process& process, const snapshot::Thread& thread,
                                  const unwind::Stack& stack) {
  auto consider = [&](uint64_t value) -> std::optional<Address> {
    if (is_exception(process, Address{value})) return Address{value};
    if (is_exception(process, Address{value - kHeaderToObject})) {
      return Address{value - kHeaderToObject};
    }
    return {};
  };
  size_t frames = std::min<size_t>(stack.frames.size(), 24);
  for (size_t i = 0; i < frames; ++i) {
    const auto& registers = stack.frames[i].registers;
    for (unsigned r = 0; r < snapshot::roles(process.arch()).count; ++r) {
      if (auto value = registers.get(static_cast<snapshot::Register>(r))) {
        if (auto found = consider(*value)) return found;
      }
    }
  }
  auto sp = thread.registers.sp();
  if (!sp) return {};
  for (uint64_t at = 0; at < kScannedForThrown; at += 8) {
    auto word = process.memory().read<uint64_t>(*sp + at);
    if (!word) break;
    if (auto found = consider(*word)) return found;
  }
  return {};
}

}  // namespace

std::optional<Thrown> read_thrown(const Process& process, Address header) {
  const auto& memory = process.memory();
  auto word = memory.read<uint64_t>(header);
  if (!word || !is_class_word(*word)) return {};
  Thrown out;
  out.header = header;
  out.object = header + kHeaderToObject;
  auto first = memory.read<uint64_t>(header - 80);
  if (*word == kGnuDependent || *word == kClangDependent) {
    // libc++abi keeps the primary's object further in front, behind a reserved word.
    auto primary = first;
    if (*word == kClangDependent) primary = memory.read<uint64_t>(header - 88);
    if (!primary || *primary < 128) return out;
    Address primary_header{*primary - kHeaderToObject};
    if (!is_exception(process, primary_header)) return out;
    out.object = Address{*primary};
    first = memory.read<uint64_t>(primary_header - 80);
  }
  if (!first) return out;
  auto type = read_type_info(process, Address{*first});
  if (!type) {
    // The name's memory may be missing; the symbol of the type_info says as much.
    const auto* module = process.snapshot().module_at(Address{*first});
    if (!module) return out;
    auto nearest = process.symbols(*module).symbol_at(Rva{Address{*first} - module->range.begin});
    if (!nearest || nearest->offset != 0 || !nearest->linkage.starts_with("_ZTI")) return out;
    type = TypeInfo{.at = Address{*first}, .mangled = nearest->linkage.substr(4)};
    constexpr std::string_view kPrefix = "typeinfo for ";
    type->name =
        nearest->name.starts_with(kPrefix) ? nearest->name.substr(kPrefix.size()) : nearest->name;
  }
  out.type = std::move(*type);
  out.type_known = true;
  out.is_std_exception = find_base(process, out.object, out.type, "St9exception").has_value();
  if (auto text = what_of(process, out.object, out.type)) {
    out.what = std::move(text->text);
    out.what_source = std::move(text->source);
  }
  return out;
}

std::optional<CaughtList> caught_list(const Process& process, const snapshot::Thread& thread) {
  if (process.arch() != snapshot::Arch::x86_64 || !thread.tls) return {};
  for (std::string_view name : {"__cxa_get_globals", "__cxa_get_globals_fast"}) {
    auto function = process.find_symbol(name);
    if (!function) continue;
    auto at = thread_local_of(process, *function, *thread.tls);
    if (!at) continue;
    auto caught = process.memory().read<uint64_t>(*at);
    auto uncaught = process.memory().read<uint32_t>(*at + 8);
    if (!caught || !uncaught) continue;
    if (*caught == 0) return CaughtList{.header = {}, .uncaught = *uncaught};
    // libstdc++ and libc++abi both point to the __cxa_exception, whose unwind header ends it.
    for (uint64_t offset : {uint64_t{80}, uint64_t{96}, uint64_t{88}}) {
      Address header{*caught + offset};
      if (is_exception(process, header)) return CaughtList{header, *uncaught};
    }
  }
  return {};
}

std::optional<Thrown> find_thrown(const Process& process, const snapshot::Thread& thread,
                                  const unwind::Stack& stack, const std::vector<Call>& calls) {
  if (auto list = caught_list(process, thread)) {
    if (list->header.value != 0) {
      auto thrown = read_thrown(process, list->header);
      if (thrown) thrown->found = "named by the C++ runtime as the exception being handled";
      return thrown;
    }
    // Nothing is being handled: only an exception still on its way can be meant.
    if (list->uncaught == 0) return {};
  }
  bool throwing =
      find_call(calls, {"__cxa_throw", "__cxa_rethrow", "_Unwind_RaiseException", "_Unwind_Resume",
                        "__cxa_call_terminate", "__clang_call_terminate"}) != kNoCall;
  bool nameless =
      std::none_of(calls.begin(), calls.end(), [](const Call& c) { return !c.function.empty(); });
  if (!throwing && !nameless) return {};
  auto header = scan_stack(process, thread, stack);
  if (!header) return {};
  auto thrown = read_thrown(process, *header);
  if (thrown) thrown->found = "found by a pointer to it on the stack of the throw";
  return thrown;
}

}  // namespace inquest::cause
