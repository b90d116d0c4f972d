#include "capture/thread_places.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <fmt/core.h>
#include <set>
#include <sys/procfs.h>
#include <sys/user.h>

#include "capture/proc_files.h"

namespace inquest::capture {
namespace {

constexpr uint64_t kTail = 16 << 10;      ///< of a mapping: a thread's descriptor ends its stack
constexpr uint64_t kWhole = 256 << 10;    ///< mappings up to here are looked at in full
constexpr uint64_t kFarthest = 16 << 20;  ///< above a stack pointer
constexpr uint64_t kAlignment = 64;       ///< of tcbhead_t
constexpr uint64_t kThreadId = 0x2d0;     ///< pthread::tid
constexpr size_t kMostMappings = 1 << 16;

uint64_t word_at(const std::vector<std::byte>& bytes, size_t at) {
  uint64_t value;
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}

class PointerFinder {
 public:
  PointerFinder(const ProcessMemory& memory, const std::vector<ThreadImage>& threads)
      : memory_(memory) {
    for (const ThreadImage& thread : threads) wanted_.insert(thread.id);
  }

  void look_in(AddressRange range) {
    constexpr uint64_t kStep = 1 << 20;
    for (Address at = range.begin; at < range.end && !wanted_.empty();) {
      // What begins at the end of a step is read whole with it.
      uint64_t step = std::min<uint64_t>(kStep, range.end - at);
      uint64_t size = std::min<uint64_t>(step + kThreadId + 8, range.end - at);
      bytes_.resize(size);
      bytes_.resize(memory_.read(at, bytes_));
      look_at(at);
      at = at + step;
    }
  }

  std::map<pid_t, uint64_t> found;
  const std::set<pid_t>& wanted() const { return wanted_; }

 private:
  void look_at(Address begin) {
    uint64_t first = (begin.value + kAlignment - 1) / kAlignment * kAlignment - begin.value;
    for (uint64_t at = first; at + kThreadId + 8 <= bytes_.size(); at += kAlignment) {
      uint64_t self = begin.value + at;
      if (word_at(bytes_, at) != self || word_at(bytes_, at + 16) != self) continue;
      pid_t thread;
      std::memcpy(&thread, bytes_.data() + at + kThreadId, sizeof thread);
      if (wanted_.erase(thread) == 1) found.emplace(thread, self);
    }
  }

  const ProcessMemory& memory_;
  std::set<pid_t> wanted_;
  std::vector<std::byte> bytes_;
};

#if defined(__x86_64__)

void fill_registers(ThreadImage& image, const BlockedThread& blocked) {
  user_regs_struct registers{};
  registers.rsp = blocked.sp;
  registers.rip = blocked.pc;
  registers.orig_rax = blocked.system_call.value_or(~uint64_t{0});
  unsigned long long* arguments[] = {&registers.rdi, &registers.rsi, &registers.rdx,
                                     &registers.r10, &registers.r8,  &registers.r9};
  for (size_t i = 0; i < blocked.arguments.size() && i < std::size(arguments); ++i)
    *arguments[i] = blocked.arguments[i];
  std::memcpy(image.general.data(), &registers, sizeof registers);
}

#else

void fill_registers(ThreadImage& image, const BlockedThread& blocked) {
  auto put = [&](size_t index, uint64_t value) {
    std::memcpy(image.general.data() + index * 8, &value, 8);
  };
  for (size_t i = 0; i < blocked.arguments.size(); ++i) put(i, blocked.arguments[i]);
  put(31, blocked.sp);
  put(32, blocked.pc);
}

#endif

}  // namespace

std::optional<BlockedThread> parse_blocked_thread(std::string_view text) {
  std::vector<uint64_t> numbers;
  BlockedThread blocked;
  bool is_first = true, is_system_call = false;
  while (!text.empty() && numbers.size() < 9) {
    size_t end = std::min(text.find_first_of(" \n"), text.size());
    std::string_view part = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (part.empty()) continue;
    if (is_first && part == "-1") {
      is_first = false;
      continue;
    }
    bool is_hex = part.starts_with("0x");
    if (is_hex) part.remove_prefix(2);
    uint64_t value = 0;
    auto [stop, error] =
        std::from_chars(part.data(), part.data() + part.size(), value, is_hex ? 16 : 10);
    if (error != std::errc() || stop != part.data() + part.size()) return {};
    if (is_first) {
      blocked.system_call = value;
      is_system_call = true;
    } else {
      numbers.push_back(value);
    }
    is_first = false;
  }
  if (numbers.size() != (is_system_call ? 8u : 2u)) return {};
  blocked.pc = numbers.back();
  blocked.sp = numbers[numbers.size() - 2];
  numbers.resize(numbers.size() - 2);
  blocked.arguments = std::move(numbers);
  return blocked;
}

ThreadImage read_running_thread(pid_t process, pid_t thread) {
  ThreadImage image{.id = thread};
  image.general.resize(sizeof(elf_gregset_t));
  image.name = thread_name(thread);
  if (auto status = thread_status(thread)) {
    image.pending = status->pending;
    image.blocked = status->blocked;
  }
  auto text = read_proc(process, fmt::format("task/{}/syscall", thread));
  auto blocked = text ? parse_blocked_thread(*text) : std::nullopt;
  if (blocked) fill_registers(image, *blocked);
  return image;
}

void set_thread_pointer([[maybe_unused]] ThreadImage& thread, [[maybe_unused]] uint64_t pointer) {
#if defined(__x86_64__)
  constexpr size_t kOffset = offsetof(user_regs_struct, fs_base);
  std::memcpy(thread.general.data() + kOffset, &pointer, sizeof pointer);
#endif
}

std::map<pid_t, uint64_t> find_thread_pointers(const ProcessMemory& memory,
                                               const std::vector<Mapping>& mappings,
                                               const std::vector<ThreadImage>& threads) {
#if !defined(__x86_64__)
  return {};
#endif
  PointerFinder finder(memory, threads);
  auto is_data = [](const Mapping& mapping) {
    return mapping.is_anonymous() && mapping.read && mapping.write && !mapping.shared;
  };
  size_t left = kMostMappings;
  for (const Mapping& mapping : mappings) {
    if (!is_data(mapping) || left-- == 0) continue;
    AddressRange range = mapping.range;
    if (range.size() > kWhole) range.begin = range.end - kTail;
    finder.look_in(range);
    // A static program keeps the first thread's at the begin of its heap.
    if (range.begin != mapping.range.begin)
      finder.look_in({mapping.range.begin, mapping.range.begin + kTail});
  }
  // Where the kernel joined the stack with what lies above it.
  for (const ThreadImage& thread : threads) {
    uint64_t sp = stack_pointer(thread);
    if (sp == 0 || !finder.wanted().contains(thread.id)) continue;
    for (const Mapping& mapping : mappings) {
      if (!is_data(mapping) || !mapping.range.contains({sp})) continue;
      finder.look_in({{sp}, {std::min(mapping.range.end.value, sp + kFarthest)}});
    }
  }
  return std::move(finder.found);
}

}  // namespace inquest::capture
