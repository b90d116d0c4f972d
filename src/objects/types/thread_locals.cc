#include "objects/types/thread_locals.h"

#include "objects/references/image_segments.h"

namespace inquest::objects {
namespace {

using snapshot::Arch;

std::optional<Elf64_Phdr> tls_segment(const snapshot::Memory& memory,
                                      const snapshot::Module& module) {
  for (const Elf64_Phdr& segment : image_segments(memory, module)) {
    if (segment.p_type == PT_TLS) return segment;
  }
  return {};
}

/// TEB + 0x58: the array of blocks; the index stands where the image's TLS directory says.
std::optional<Address> windows_block(const snapshot::Snapshot& process,
                                     const snapshot::Module& module, uint64_t teb) {
  const auto& memory = process.memory;
  constexpr uint64_t kOptional = 24, kTlsDirectory = 112 + 9 * 8;  // of a PE32+ header
  auto at = memory.read<uint32_t>(module.range.begin + 0x3c);
  if (!at || process.arch != Arch::x86_64 || !module.range.contains(module.range.begin + *at)) {
    return {};
  }
  auto directory = memory.read<uint32_t>(module.range.begin + *at + kOptional + kTlsDirectory);
  if (!directory || *directory == 0) return {};
  auto index_at = memory.read<uint64_t>(module.range.begin + *directory + 16);
  auto blocks = memory.read<uint64_t>({teb + 0x58});
  if (!index_at || !blocks) return {};
  auto index = memory.read<uint32_t>({*index_at});
  if (!index || *index > 4096) return {};
  auto block = memory.read<uint64_t>({*blocks + 8 * *index});
  return block && *block ? std::optional(Address{*block}) : std::nullopt;
}

}  // namespace

std::optional<Address> thread_local_block(const snapshot::Snapshot& process,
                                          const snapshot::Module& module,
                                          const snapshot::Thread& thread) {
  if (!thread.tls || *thread.tls == 0) return {};
  if (process.os == snapshot::Os::windows) return windows_block(process, module, *thread.tls);
  if (!module.is_main) return {};
  auto segment = tls_segment(process.memory, module);
  if (!segment) return {};
  const uint64_t align = segment->p_align ? segment->p_align : 1;
  if ((align & (align - 1)) != 0 || align > 4096 || segment->p_memsz > (64 << 20)) return {};
  auto up = [&](uint64_t n) { return (n + align - 1) & ~(align - 1); };
  if (process.arch == Arch::x86_64) return Address{*thread.tls - up(segment->p_memsz)};
  if (process.arch == Arch::aarch64) return Address{*thread.tls + up(16)};
  return {};
}

}  // namespace inquest::objects
