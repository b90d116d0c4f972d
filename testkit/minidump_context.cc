#include <stdexcept>

#include "testkit/minidump.h"

namespace inquest::testkit {
namespace {

/// Byte offsets of winnt.h's CONTEXT members.
const std::map<std::string, size_t> kX64 = {
    {"rax", 0x78}, {"rcx", 0x80}, {"rdx", 0x88}, {"rbx", 0x90}, {"rsp", 0x98}, {"rbp", 0xa0},
    {"rsi", 0xa8}, {"rdi", 0xb0}, {"r8", 0xb8},  {"r9", 0xc0},  {"r10", 0xc8}, {"r11", 0xd0},
    {"r12", 0xd8}, {"r13", 0xe0}, {"r14", 0xe8}, {"r15", 0xf0}, {"rip", 0xf8}};
const std::map<std::string, size_t> kX86 = {{"edi", 0x9c}, {"esi", 0xa0}, {"ebx", 0xa4},
                                            {"edx", 0xa8}, {"ecx", 0xac}, {"eax", 0xb0},
                                            {"ebp", 0xb4}, {"eip", 0xb8}, {"esp", 0xc4}};

size_t offset_of(DumpCpu cpu, const std::string& name) {
  switch (cpu) {
    case DumpCpu::x64:
      return kX64.at(name);
    case DumpCpu::x86:
      return kX86.at(name);
    case DumpCpu::arm: {
      std::map<std::string, size_t> named{{"sp", 0x38}, {"lr", 0x3c}, {"pc", 0x40}};
      if (named.contains(name)) return named[name];
      return 4 + 4 * std::stoul(name.substr(1));
    }
    case DumpCpu::arm64:
    case DumpCpu::arm64_breakpad: {
      std::map<std::string, size_t> named{{"fp", 0xf0}, {"lr", 0xf8}, {"sp", 0x100}, {"pc", 0x108}};
      if (named.contains(name)) return named[name];
      return 8 + 8 * std::stoul(name.substr(1));
    }
  }
  throw std::out_of_range(name);
}

struct Shape {
  size_t size, flags_at;
  uint32_t flags;
  unsigned word;
};

Shape shape_of(DumpCpu cpu) {
  switch (cpu) {
    case DumpCpu::x64:
      return {1232, 0x30, 0x10000f, 8};
    case DumpCpu::x86:
      return {716, 0, 0x1003f, 4};
    case DumpCpu::arm:
      return {416, 0, 0x200007, 4};
    case DumpCpu::arm64:
      return {912, 0, 0x400007, 8};
    case DumpCpu::arm64_breakpad:
      return {796, 0, 0x80000006, 8};
  }
  return {};
}

}  // namespace

std::vector<std::byte> dump_context(DumpCpu cpu, const std::map<std::string, uint64_t>& registers,
                                    uint32_t flags, size_t extra) {
  Shape shape = shape_of(cpu);
  ByteBuilder out;
  out.zeros(shape.size + extra);
  out.patch(shape.flags_at, flags ? flags : shape.flags, 4);
  for (const auto& [name, value] : registers) out.patch(offset_of(cpu, name), value, shape.word);
  return out.take();
}

}  // namespace inquest::testkit
