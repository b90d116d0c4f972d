// A walk by the frame rules of a .sym file: STACK CFI and STACK WIN texts from the input, executed
// over a stack from the input.
//
// Input: a byte for the architecture and the kind, eight bytes of sizes, three texts that end in
// NUL (the rules of a function, their changes, a frame data program), then stack words as a byte
// that says where each points and a 16-bit offset.
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "base/limits.h"
#include "testkit/stack.h"
#include "unwind/unwind.h"

namespace {

using namespace inquest;
constexpr uint64_t kBase = 0x400000, kStack = 0x7ff000, kStackSize = 0x2000;

std::string_view take_text(const uint8_t*& data, size_t& size) {
  auto* begin = reinterpret_cast<const char*>(data);
  size_t length = strnlen(begin, size);
  size_t taken = std::min(length + 1, size);
  data += taken;
  size -= taken;
  return {begin, length};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 9) return 0;
  constexpr snapshot::Arch kArchs[] = {snapshot::Arch::x86, snapshot::Arch::x86_64,
                                       snapshot::Arch::aarch64, snapshot::Arch::arm};
  snapshot::Arch arch = kArchs[data[0] & 3];
  auto rules = std::make_shared<breakpad::FrameRules>();
  breakpad::WinFrame win{.size = data[1] * 16u,
                         .prologue_size = data[2],
                         .parameter_size = data[3],
                         .saved_register_size = data[4],
                         .local_size = data[5] * 4u,
                         .allocates_base_pointer = (data[0] & 4) != 0};
  breakpad::CfiFrame cfi{.size = data[6] * 16u, .first_delta = data[7], .delta_count = data[8]};
  data += 9;
  size -= 9;
  cfi.rules = take_text(data, size);
  rules->deltas = {{.rva = 0x10, .rules = take_text(data, size)}};
  win.program = take_text(data, size);
  rules->cfi = {cfi};
  rules->win = {win, {.begin = 0x80, .size = 0x40, .local_size = 4}};
  rules->sort();

  std::vector<std::byte> code(0x1000, std::byte{0x90});
  for (size_t at = 8; at < 0x700; at += 8) code[at - 5] = std::byte{0xe8};
  unsigned word = snapshot::pointer_size(arch);
  testkit::StackBytes stack(kStack, kStackSize, word);
  auto value = [](const uint8_t* from) -> uint64_t {
    uint64_t offset = from[1] | from[2] << 8;
    switch (from[0] & 3) {
      case 0:
        return kBase + (offset & 0xfff);
      case 1:
        return kStack + (offset & 0x1fff);
      case 2:
        return offset;
      default:
        return offset << 48;
    }
  };
  uint64_t at = kStack;
  for (size_t i = 0; i + 3 <= size && at + word <= stack.end(); i += 3, at += word) {
    stack.put(at, value(data + i));
  }
  snapshot::Snapshot snapshot;
  snapshot.arch = arch;
  snapshot.os = snapshot::Os::windows;
  snapshot.memory.add(Address{kBase}, code, snapshot::Origin::dump, nullptr);
  snapshot.memory.add(Address{kStack}, stack.bytes(), snapshot::Origin::dump, nullptr);
  snapshot.modules = {
      {.path = "a", .range = {Address{kBase}, Address{kBase + 0x1000}}, .bias = kBase}};
  snapshot::Registers registers(arch);
  const auto& roles = snapshot::roles(arch);
  for (unsigned n = 0; n < roles.count; ++n) {
    registers.set(static_cast<snapshot::Register>(n), kStack + n * 64);
  }
  registers.set_pc(Address{kBase + 0x20});
  registers.set_sp(Address{kStack});
  unwind::Unwinder unwinder(
      snapshot, [&](const snapshot::Module&) { return unwind::RuleSource{.frame_rules = rules}; });
  unwind::Stack walked = unwinder.walk(registers);
  if (walked.frames.empty() || walked.depth() > kLimits.frames) std::abort();
  return 0;
}
