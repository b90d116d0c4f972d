#include "ingest/core_notes.h"

#include <algorithm>
#include <csignal>
#include <elf.h>

#include "base/cursor.h"
#include "base/limits.h"
#include "ingest/core_registers.h"
#include "ingest/own_note.h"
#include "ingest/word.h"

namespace inquest::ingest {
namespace {

using snapshot::Arch;

/// A fixed field of text, up to its NUL; control characters become '?'.
std::string text_field(Cursor& cursor, size_t size) {
  Bytes raw = cursor.take(size);
  std::string text(reinterpret_cast<const char*>(raw.data()), raw.size());
  text.resize(std::min(text.size(), text.find('\0')));
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < ' ') c = '?';
  }
  return text;
}

SignalInfo read_signal_info(Bytes note, Arch arch) {
  constexpr int kKernel = 0x80;  // SI_KERNEL: a fault whose address the processor did not tell
  Cursor cursor{note, "NT_SIGINFO"};
  SignalInfo info;
  info.number = cursor.read<sle32>();
  cursor.read<le32>();  // si_errno
  info.code = cursor.read<sle32>();
  if (snapshot::is_64_bit(arch)) cursor.align(8);
  Cursor as_address = cursor;
  switch (info.number) {
    case SIGSEGV:
    case SIGBUS:
    case SIGILL:
    case SIGFPE:
    case SIGTRAP:
      if (info.code > 0 && info.code != kKernel) {
        uint64_t address = read_word(as_address, arch);
        if (!as_address.failed()) info.address = Address{address};
      }
      break;
    default:
      break;
  }
  if (info.code == SI_USER || info.code == SI_TKILL || info.code == SI_QUEUE) {
    int32_t pid = cursor.read<sle32>();
    uint32_t uid = cursor.read<le32>();
    if (!cursor.failed()) {
      info.sender_pid = pid;
      info.sender_uid = uid;
    }
  }
  return info;
}

/// The layouts differ by the width of pr_flag, and of pr_uid on the older 32-bit ones.
void read_process_info(Bytes note, Arch arch, CoreNotes& notes) {
  constexpr size_t kShortIds = 124;  // i386 and ARM: 16-bit uid and gid
  constexpr size_t kName = 16, kArguments = 80;
  Cursor cursor{note, "NT_PRPSINFO"};
  cursor.skip(snapshot::is_64_bit(arch) ? 16 : 8);  // state letters, pr_flag
  cursor.skip(!snapshot::is_64_bit(arch) && note.size() <= kShortIds ? 4 : 8);  // pr_uid, pr_gid
  int32_t pid = cursor.read<sle32>();
  cursor.skip(12);  // ppid, pgrp, sid
  if (cursor.failed()) return;
  notes.pid = pid;
  notes.command = text_field(cursor, kName);
  notes.arguments = text_field(cursor, std::min<uint64_t>(kArguments, cursor.remaining()));
  while (notes.arguments.ends_with(' ')) notes.arguments.pop_back();
}

void read_auxv(Bytes note, Arch arch, CoreNotes& notes) {
  constexpr size_t kMost = 256;  // the kernel writes about 20
  Cursor cursor{note, "NT_AUXV"};
  while (!cursor.at_end() && notes.auxv.size() < kMost) {
    uint64_t key = read_word(cursor, arch);
    uint64_t value = read_word(cursor, arch);
    if (cursor.failed() || key == AT_NULL) return;
    notes.auxv.emplace(key, value);
  }
}

/// count, page size, count * (start, end, offset in pages), then the names.
void read_file_map(Bytes note, Arch arch, uint64_t origin, CoreNotes& notes) {
  Cursor cursor{note, "NT_FILE", origin};
  uint64_t count = read_word(cursor, arch);
  uint64_t page = read_word(cursor, arch);
  constexpr size_t kLongestPath = 4096 + 16;  // PATH_MAX and " (deleted)"
  const uint64_t record = 3 * snapshot::pointer_size(arch);
  if (!cursor.fits(count, record)) {
    notes.warnings.push_back(
        {fmt::format("the list of mapped files is cut or damaged ({})",
                     cursor.finish().error().what),
         "modules are told from memory alone; a complete core gives their names"});
    count = note.size() < 2 * snapshot::pointer_size(arch)
                ? 0
                : (note.size() - 2 * snapshot::pointer_size(arch)) / record;
    cursor = Cursor{note, "NT_FILE", origin};
    cursor.skip(2 * snapshot::pointer_size(arch));
  }
  notes.files.reserve(count);
  for (uint64_t i = 0; i < count; ++i) {
    FileMapping mapping;
    mapping.range.begin.value = read_word(cursor, arch);
    mapping.range.end.value = read_word(cursor, arch);
    uint64_t pages = read_word(cursor, arch);
    mapping.offset = page != 0 && pages <= UINT64_MAX / page ? pages * page : 0;
    notes.files.push_back(mapping);
  }
  for (FileMapping& mapping : notes.files) {
    std::string_view path = cursor.c_string();
    mapping.path = path.substr(0, kLongestPath);
  }
  std::erase_if(notes.files, [](const FileMapping& m) { return m.range.empty(); });
  std::ranges::sort(notes.files, {}, &FileMapping::range);
}

/// NT_386_TLS: `struct user_desc` entries; gs names the one with the thread pointer.
std::optional<uint64_t> read_x86_tls(Bytes note, uint16_t selector) {
  Cursor cursor{note, "NT_386_TLS"};
  while (!cursor.at_end()) {
    uint32_t entry = cursor.read<le32>();
    uint32_t base = cursor.read<le32>();
    cursor.skip(8);  // limit, flags
    if (!cursor.failed() && entry == selector >> 3 && base != 0) return base;
  }
  return {};
}

/// What comes between one NT_PRSTATUS and the next belongs to that thread.
class ThreadNotes {
 public:
  ThreadNotes(CoreNotes& notes, Arch arch) : notes_(notes), arch_(arch) {}

  void begin(Bytes note) {
    auto status = read_thread_status(note, arch_);
    open_ = status.has_value() && notes_.threads.size() < kLimits.threads;
    if (!open_) return;
    selector_ = status->tls_selector;
    CoreThread next;
    next.thread.id = status->id;
    next.thread.registers = status->registers;
    next.thread.tls = status->tls;
    next.thread.system_call = status->system_call;
    if (status->cpu_seconds > 0) next.thread.cpu_seconds = status->cpu_seconds;
    if (status->signal != 0) next.thread.signal = status->signal;
    notes_.threads.push_back(std::move(next));
  }

  void add(const elf::Note& note) {
    if (!open_) return;
    CoreThread& thread = notes_.threads.back();
    switch (note.type) {
      case NT_SIGINFO:
        thread.signal = read_signal_info(note.description, arch_);
        break;
      case NT_FPREGSET:
        if (thread.thread.vector_state.empty()) set_vector_state(thread, note.description);
        break;
      case NT_X86_XSTATE:
        set_vector_state(thread, note.description);
        break;
      case NT_ARM_TLS: {
        Cursor cursor{note.description};
        uint64_t value = read_word(cursor, arch_);
        if (!cursor.failed() && value != 0) thread.thread.tls = value;
        break;
      }
      case NT_386_TLS:
        if (auto base = read_x86_tls(note.description, selector_)) thread.thread.tls = base;
        break;
      default:
        break;
    }
  }

 private:
  void set_vector_state(CoreThread& thread, Bytes raw) {
    constexpr size_t kMost = 1 << 16;  // AMX makes it 11 KiB
    if (raw.size() > kMost) return;
    thread.thread.vector_state.assign(raw.begin(), raw.end());
  }

  CoreNotes& notes_;
  Arch arch_;
  bool open_ = false;
  uint16_t selector_ = 0;
};

/// The record of the leader has the sum of the process (fill_prstatus of the kernel): what the
/// others have used is taken from it. Writers that know nothing leave zeros; ones that give each
/// thread the sum are not believed.
void settle_times(CoreNotes& notes) {
  double others = 0;
  CoreThread* leader = nullptr;
  for (CoreThread& thread : notes.threads) {
    if (notes.pid && thread.thread.id == static_cast<uint32_t>(*notes.pid)) {
      leader = &thread;
    } else {
      others += thread.thread.cpu_seconds.value_or(0);
    }
  }
  const double all = leader ? leader->thread.cpu_seconds.value_or(0) : 0;
  constexpr double kTicks = 0.02;  // of each, they are rounded
  if (all <= 0 || others > all + kTicks * static_cast<double>(notes.threads.size())) {
    for (CoreThread& thread : notes.threads) thread.thread.cpu_seconds.reset();
    return;
  }
  for (CoreThread& thread : notes.threads)
    thread.thread.cpu_seconds.emplace(thread.thread.cpu_seconds.value_or(0));
  leader->thread.cpu_seconds = std::max(0.0, all - others);
}

}  // namespace

CoreNotes read_core_notes(const elf::File& core, Arch arch) {
  CoreNotes notes;
  ThreadNotes threads(notes, arch);
  OwnNote own;
  for (const elf::Note& note : core.notes()) {
    if (note.owner == kOwnNoteOwner) {
      if (note.type == kOwnNoteType) own = read_own_note(note.description);
      continue;
    }
    if (note.owner != "CORE" && note.owner != "LINUX") continue;
    switch (note.type) {
      case NT_PRSTATUS:
        threads.begin(note.description);
        break;
      case NT_PRPSINFO:
        notes.by_debugger = notes.threads.empty();
        read_process_info(note.description, arch, notes);
        break;
      case NT_AUXV:
        if (notes.auxv.empty()) read_auxv(note.description, arch, notes);
        break;
      case NT_FILE:
        if (notes.files.empty()) read_file_map(note.description, arch, note.offset, notes);
        break;
      default:
        threads.add(note);
        break;
    }
  }
  settle_times(notes);
  notes.executable = std::move(own.executable);
  notes.limits = std::move(own.limits);
  notes.stopped_microseconds = own.stopped_microseconds;
  notes.time = own.time;
  for (CoreThread& thread : notes.threads) {
    auto named = own.thread_names.find(thread.thread.id);
    if (named != own.thread_names.end()) {
      thread.thread.name = named->second;
    } else if (notes.pid && thread.thread.id == static_cast<uint32_t>(*notes.pid)) {
      // The kernel records the name of the thread group's leader only.
      thread.thread.name = notes.command;
    }
  }
  return notes;
}

}  // namespace inquest::ingest
