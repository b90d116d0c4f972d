#include "ingest/minidump.h"

#include <algorithm>

#include "ingest/cut_note.h"
#include "ingest/minidump_parts.h"
#include "ingest/process_parameters.h"

namespace inquest::ingest {
namespace {

using minidump::Cpu;
using snapshot::Arch;
using snapshot::Snapshot;

Arch arch_of(Cpu cpu) {
  switch (cpu) {
    case Cpu::x86:
      return Arch::x86;
    case Cpu::x64:
      return Arch::x86_64;
    case Cpu::arm:
      return Arch::arm;
    case Cpu::arm64:
      return Arch::aarch64;
  }
  return Arch::x86_64;
}

Error unknown_processor(const minidump::Dump& dump, const std::string& path) {
  std::string what = "is a minidump that does not tell its processor";
  if (dump.system) {
    what =
        fmt::format("is a minidump of processor {:#x}, which is not read", dump.system->processor);
  }
  return {.what = std::move(what),
          .file = path,
          .stream = "SystemInfo",
          .advice = "minidumps of x86, x86-64, ARM and ARM64 are; get the whole dump"};
}

void warn_of_missing(const minidump::Dump& dump, Snapshot& snapshot) {
  auto say = [&](std::string what, std::string advice) {
    snapshot.complete = false;
    snapshot.warnings.push_back({std::move(what), std::move(advice)});
  };
  if (dump.threads.empty()) say("the minidump holds no threads", "get the whole dump");
  if (dump.modules.empty()) say("the minidump lists no modules", "get the whole dump");
  if (dump.system && !minidump::cpu_of(dump.system->processor)) {
    say(fmt::format("the minidump names the unknown processor {:#x}; its registers are those of {}",
                    dump.system->processor, snapshot::name(snapshot.arch)),
        "get the whole dump");
  }
  if (!dump.system) {
    say("the minidump does not tell its system: Windows is assumed", "get the whole dump");
  }
}

}  // namespace

std::optional<Arch> arch_of(const minidump::Dump& dump) {
  std::optional<Cpu> cpu;
  if (dump.system) cpu = minidump::cpu_of(dump.system->processor);
  // Without a word from the system, or with a damaged one, registers tell whose they are.
  if (!cpu && dump.exception) cpu = minidump::cpu_of_context(dump.exception->context);
  for (size_t i = 0; !cpu && i < dump.threads.size(); ++i) {
    cpu = minidump::cpu_of_context(dump.threads[i].context);
  }
  if (!cpu) return {};
  return arch_of(*cpu);
}

Result<Snapshot> read_minidump(std::shared_ptr<const MappedFile> file) {
  minidump::Dump dump = TRY(minidump::parse(file->bytes(), file->path()));
  auto arch = arch_of(dump);
  if (!arch) return fail(unknown_processor(dump, file->path()));
  if (dump.threads.empty() && dump.modules.empty()) {
    return fail({.what = "is a minidump in which no thread and no module can be told",
                 .file = file->path(),
                 .advice = "it is cut or damaged; get the whole dump"});
  }
  Snapshot snapshot;
  snapshot.format = snapshot::Format::minidump;
  snapshot.arch = *arch;
  snapshot.path = file->path();
  snapshot.bytes = file->bytes().size();
  snapshot.complete = dump.complete;
  snapshot.warnings = std::move(dump.warnings);

  take_system(dump, snapshot);
  take_minidump_threads(dump, snapshot);
  take_memory(dump, file, snapshot);
  read_process_parameters(snapshot);
  take_modules(dump, snapshot);
  identify_from_memory(snapshot);
  take_wow64(dump, snapshot);
  if (!dump.exception) take_pending_exception(snapshot);
  take_function_tables(dump, snapshot);
  take_regions(dump, snapshot);
  place_linux_modules(dump, snapshot);
  warn_of_missing(dump, snapshot);
  apply_cut_note(dump.inquest_note, snapshot);
  return snapshot;
}

}  // namespace inquest::ingest
