/// A dead process of one module and one stack, put together by hand. For tests and fuzzing.
#pragma once

#include <optional>
#include <vector>

#include "snapshot/snapshot.h"
#include "testkit/cfi.h"
#include "testkit/stack.h"
#include "unwind/unwind.h"

namespace inquest::unwind {

struct TestProcess {
  static constexpr uint64_t kImage = 0x400000, kCode = kImage + testkit::FrameImage::kCode;
  static constexpr uint64_t kStack = 0x7ff000, kStackSize = 0x4000;

  explicit TestProcess(snapshot::Arch arch, size_t stack_size = kStackSize)
      : stack(kStack, stack_size, snapshot::pointer_size(arch)),
        frames(true, snapshot::pointer_size(arch), testkit::FrameImage::kFrames),
        registers(arch) {
    snapshot.arch = arch;
    code.resize(0x1000, std::byte{0x90});
  }

  /// Overwrites code at an offset from kCode.
  void write(uint64_t offset, std::initializer_list<uint8_t> bytes) {
    for (uint8_t byte : bytes) code[offset++] = std::byte{byte};
  }
  /// x86: a `call` of `target` that returns to `offset`, both from kCode. Yields the return
  /// address.
  uint64_t call(uint64_t offset, uint64_t target) {
    auto distance = static_cast<uint32_t>(target - offset);
    write(offset - 5, {0xe8, static_cast<uint8_t>(distance), static_cast<uint8_t>(distance >> 8),
                       static_cast<uint8_t>(distance >> 16), static_cast<uint8_t>(distance >> 24)});
    return kCode + offset;
  }
  /// x86: a `call *%rax` that returns to `offset`.
  uint64_t call_rax(uint64_t offset) {
    write(offset - 2, {0xff, 0xd0});
    return kCode + offset;
  }

  /// `more` is a region above the stack that the dump has no bytes of.
  Stack walk(std::optional<snapshot::Region> more = {}) {
    unsigned size = snapshot::pointer_size(snapshot.arch);
    unsigned machine = size == 4 ? 3 : 62;
    auto image = std::make_shared<std::vector<std::byte>>(
        testkit::FrameImage::build(machine, size, code, frames));
    snapshot.memory.add(Address{kImage}, *image, snapshot::Origin::dump, image);
    snapshot.memory.add(Address{kStack}, stack.bytes(), snapshot::Origin::dump, nullptr);
    snapshot.modules = {{.path = "/bin/patient",
                         .range = {Address{kImage}, Address{kImage + image->size()}},
                         .bias = kImage}};
    using snapshot::Access;
    snapshot.regions = {
        {.range = {Address{kImage}, Address{kCode}}, .access = Access{true, false, false}},
        {.range = {Address{kCode}, Address{kCode + 0x2000}}, .access = Access{true, false, true}},
        {.range = {Address{kCode + 0x2000}, Address{kImage + image->size()}},
         .access = Access{true, false, false}},
        {.range = {Address{kStack}, Address{stack.end()}},
         .access = Access{true, true, false},
         .file = "[stack]"}};
    if (more) snapshot.regions.push_back(*more);
    if (!tells_of_text) snapshot.regions.erase(snapshot.regions.begin() + 1);
    Unwinder unwinder(snapshot, {});
    return unwinder.walk(snapshot::Thread{.id = 1, .registers = registers});
  }

  snapshot::Snapshot snapshot;
  std::vector<std::byte> code;
  testkit::StackBytes stack;
  testkit::CfiSection frames;
  snapshot::Registers registers;
  /// gdb's gcore leaves text that nobody wrote to out of the core, and says nothing of it.
  bool tells_of_text = true;
};

}  // namespace inquest::unwind
