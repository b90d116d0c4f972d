#include "ingest/elf_core.h"

#include <algorithm>
#include <csignal>
#include <elf.h>
#include <sys/stat.h>

#include "format/elf/file.h"
#include "ingest/core_memory.h"
#include "ingest/core_modules.h"
#include "ingest/core_notes.h"
#include "ingest/memory_image.h"

namespace inquest::ingest {
namespace {

using snapshot::Snapshot;

constexpr std::string_view kGiveDump =
    "give the core (or minidump) that the process left; `inquest run -- COMMAND` catches one";

Result<> refuse_other_types(const elf::File& core) {
  auto refuse = [&](std::string_view what) -> Result<> {
    return fail({.what = fmt::format("is {}, not a core", what),
                 .file = core.path(),
                 .advice = std::string(kGiveDump)});
  };
  switch (core.type()) {
    case ET_CORE:
      return {};
    case ET_EXEC:
      return refuse("an executable");
    case ET_DYN:
      return refuse("an executable or shared library");
    case ET_REL:
      return refuse("an object file");
    default:
      return refuse(fmt::format("an ELF file of the unknown type {}", core.type()));
  }
}

/// Whose kernel wrote the core, by the owner of its notes; empty: Linux, or nobody known.
std::string_view other_system(const elf::File& core) {
  for (const elf::Note& note : core.notes()) {
    for (std::string_view system : {"FreeBSD", "NetBSD", "OpenBSD", "DragonFly", "QNX"}) {
      if (note.owner.starts_with(system)) return system;
    }
  }
  return {};
}

/// Signals whose arrival ends the process unless it is handled.
bool is_deadly(int signal) {
  switch (signal) {
    case 0:
    case SIGCHLD:
    case SIGCONT:
    case SIGURG:
    case SIGWINCH:
    case SIGSTOP:
    case SIGTSTP:
    case SIGTTIN:
    case SIGTTOU:
      return false;
    default:
      return true;
  }
}

/// A debugger's core shows the signal that it stopped at, which need not be a death: a breakpoint,
/// Control-C.
bool is_death_in_debugger(int signal) {
  switch (signal) {
    case SIGSEGV:
    case SIGBUS:
    case SIGILL:
    case SIGFPE:
    case SIGABRT:
    case SIGSYS:
      return true;
    default:
      return false;
  }
}

/// The kernel and gdb write the thread that died first; the kernel gives its signal to all.
const CoreThread* find_crashed(const CoreNotes& notes) {
  for (const CoreThread& thread : notes.threads) {
    bool first = &thread == &notes.threads.front();
    if (!first && !thread.signal) continue;
    int signal =
        thread.signal ? thread.signal->number : static_cast<int>(thread.thread.signal.value_or(0));
    bool deadly = notes.by_debugger ? is_death_in_debugger(signal) : is_deadly(signal);
    if (deadly) return &thread;
  }
  return nullptr;
}

snapshot::Fault fault_of(const CoreThread& thread) {
  snapshot::Fault fault{.thread = thread.thread.id};
  if (!thread.signal) {
    if (thread.thread.signal) fault.signal = static_cast<int>(*thread.thread.signal);
    return fault;
  }
  fault.signal = thread.signal->number;
  fault.signal_code = thread.signal->code;
  fault.address = thread.signal->address;
  fault.sender_pid = thread.signal->sender_pid;
  fault.sender_uid = thread.signal->sender_uid;
  return fault;
}

void take_threads(CoreNotes& notes, Snapshot& snapshot) {
  const CoreThread* crashed = find_crashed(notes);
  if (crashed) snapshot.fault = fault_of(*crashed);
  snapshot.threads.reserve(notes.threads.size());
  for (CoreThread& thread : notes.threads) {
    bool is_crashed = &thread == crashed;
    thread.thread.crashed = is_crashed;
    if (thread.signal) {
      thread.thread.signal = static_cast<uint32_t>(thread.signal->number);
    } else if (crashed && !is_crashed && !notes.by_debugger) {
      thread.thread.signal.reset();  // it is the dying thread's, repeated
    }
    snapshot.threads.push_back(std::move(thread.thread));
  }
}

/// The file's time is the best that a kernel's core has.
std::optional<std::chrono::sys_seconds> time_of(const std::string& path) {
  struct stat status{};
  if (::stat(path.c_str(), &status) != 0) return {};
  return std::chrono::sys_seconds{std::chrono::seconds{status.st_mtime}};
}

void take_process(CoreNotes& notes, Snapshot& snapshot) {
  snapshot.process.pid = notes.pid;
  snapshot.process.command = std::move(notes.command);
  snapshot.process.arguments = std::move(notes.arguments);
  snapshot.process.executable = std::move(notes.executable);
  snapshot.process.time = time_of(snapshot.path);
  snapshot.process.auxv = std::move(notes.auxv);
  if (notes.time) {
    snapshot.process.time =
        std::chrono::sys_seconds{std::chrono::seconds{static_cast<int64_t>(*notes.time)}};
    snapshot.annotations["time"] = std::to_string(*notes.time);
  }
  for (const auto& [name, value] : notes.limits) {
    snapshot.annotations["limit." + name] = std::to_string(value);
  }
  if (notes.stopped_microseconds) {
    snapshot.annotations["stopped_us"] = std::to_string(*notes.stopped_microseconds);
  }
}

/// Our own note, else the main module's file, else what the kernel was asked to run.
void find_executable(Snapshot& snapshot) {
  if (!snapshot.process.executable.empty()) return;
  auto main = std::ranges::find_if(snapshot.modules, &snapshot::Module::is_main);
  if (main != snapshot.modules.end() && !main->path.empty()) {
    snapshot.process.executable = main->path;
    return;
  }
  auto name = snapshot.process.auxv.find(AT_EXECFN);
  if (name == snapshot.process.auxv.end()) return;
  snapshot.process.executable = snapshot.memory.read_string(Address{name->second}).value_or("");
}

}  // namespace

Result<Snapshot> read_elf_core(std::shared_ptr<const MappedFile> file) {
  auto core = TRY(elf::File::open(file));
  TRY(refuse_other_types(*core));
  auto arch = arch_of(core->machine(), core->is_64());
  if (!arch) {
    return fail({.what = fmt::format("is a core of machine {}, which is not read", core->machine()),
                 .file = file->path(),
                 .stream = "ELF header",
                 .offset = 18,
                 .advice = "cores of x86-64, AArch64, i386 and ARM are"});
  }
  Snapshot snapshot;
  snapshot.arch = *arch;
  snapshot.path = file->path();
  snapshot.bytes = file->bytes().size();
  snapshot.warnings = core->damage();
  snapshot.complete = core->damage().empty();

  CoreNotes notes = read_core_notes(*core, *arch);
  for (Warning& warning : notes.warnings) snapshot.warnings.push_back(std::move(warning));
  take_process(notes, snapshot);
  take_threads(notes, snapshot);
  read_core_memory(*core, notes, file, snapshot);
  find_modules(notes, snapshot);
  find_executable(snapshot);
  name_regions(snapshot);

  if (snapshot.threads.empty() && snapshot.modules.empty()) {
    if (auto system = other_system(*core); !system.empty()) {
      return fail({.what = fmt::format("is a core of {}, which is not read", system),
                   .file = file->path(),
                   .stream = "notes",
                   .advice = "cores of Linux are"});
    }
    return fail({.what = "is a core in which no thread and no module can be told",
                 .file = file->path(),
                 .stream = "notes",
                 .advice = "it is cut or damaged too near its beginning; get the whole core"});
  }
  if (snapshot.threads.empty()) {
    snapshot.complete = false;
    snapshot.warnings.push_back(
        {"the core holds no threads: its notes are missing or damaged", "get the whole core"});
  }
  return snapshot;
}

}  // namespace inquest::ingest
