#include "capture/process_image.h"

#include <cstring>
#include <elf.h>
#include <fmt/core.h>
#include <stddef.h>
#include <sys/procfs.h>
#include <sys/user.h>

#include "capture/proc_files.h"
#include "capture/tracing.h"

#ifndef NT_ARM_PAC_MASK
#define NT_ARM_PAC_MASK 0x406
#endif

namespace inquest::capture {
namespace {

#if defined(__x86_64__)
constexpr uint32_t kExtended[] = {NT_X86_XSTATE};
#elif defined(__aarch64__)
constexpr uint32_t kExtended[] = {NT_ARM_TLS, NT_ARM_PAC_MASK};
#else
#error "capture knows the registers of x86-64 and AArch64 only"
#endif

}  // namespace

uint64_t stack_pointer(const ThreadImage& thread) {
#if defined(__x86_64__)
  constexpr size_t kOffset = offsetof(user_regs_struct, rsp);
#else
  constexpr size_t kOffset = 31 * sizeof(uint64_t);  // after x0 to x30
#endif
  uint64_t value = 0;
  if (thread.general.size() < kOffset + sizeof value) return 0;
  std::memcpy(&value, thread.general.data() + kOffset, sizeof value);
  return value;
}

Result<ThreadImage> read_thread(pid_t thread) {
  ThreadImage image{.id = thread};
  image.general = register_set(thread, NT_PRSTATUS);
  if (image.general.empty()) {
    return fail(fmt::format("thread {} ended before its registers were read", thread));
  }
  if (image.general.size() != sizeof(elf_gregset_t)) {
    return fail(fmt::format("process {} is a 32-bit program", thread),
                "let the kernel write its core (core_pattern), which inquest can read");
  }
  image.floating = register_set(thread, NT_FPREGSET);
  for (uint32_t type : kExtended) {
    auto bytes = register_set(thread, type);
    if (!bytes.empty()) image.extended.emplace_back(type, std::move(bytes));
  }
  image.name = thread_name(thread);
  if (auto status = thread_status(thread)) {
    image.pending = status->pending;
    image.blocked = status->blocked;
  }
  // A thread inside sigsuspend or ppoll shows there the mask of that call.
  if (auto mask = signal_mask(thread)) image.blocked = *mask;
  return image;
}

}  // namespace inquest::capture
