/// The parts of a minidump's way into a Snapshot, in the order of their needs. Internal to ingest.
#pragma once

#include <memory>

#include "base/mapped_file.h"
#include "format/minidump/context.h"
#include "format/minidump/dump.h"
#include "snapshot/snapshot.h"

namespace inquest::ingest {

/// os, system, process, annotations.
void take_system(const minidump::Dump& dump, snapshot::Snapshot& snapshot);
/// Threads with names and registers; the exception. Needs os and arch.
void take_minidump_threads(const minidump::Dump& dump, snapshot::Snapshot& snapshot);
/// Memory, borrowed from `file`.
void take_memory(const minidump::Dump& dump, std::shared_ptr<const void> file,
                 snapshot::Snapshot& snapshot);
/// Modules, loaded and unloaded; on Linux without their bias and full range.
void take_modules(const minidump::Dump& dump, snapshot::Snapshot& snapshot);
/// Unwind data of code made at run time. Needs arch.
void take_function_tables(const minidump::Dump& dump, snapshot::Snapshot& snapshot);
/// What the dump does not say of Windows modules, from their headers in memory: identity, version.
/// Needs memory and modules.
void identify_from_memory(snapshot::Snapshot& snapshot);
/// A 32-bit process that a 64-bit program dumped: its own registers, where memory holds them; then
/// the snapshot is of x86. Needs memory, modules and threads.
void take_wow64(const minidump::Dump& dump, snapshot::Snapshot& snapshot);
/// The exception that a thread's handlers were busy with, where the dump has none of its own. Needs
/// memory, modules and threads.
void take_pending_exception(snapshot::Snapshot& snapshot);
/// The map of the address space. Needs memory, modules and threads.
void take_regions(const minidump::Dump& dump, snapshot::Snapshot& snapshot);
/// Where each image of a Linux process was loaded, and how far it reaches. Needs regions.
void place_linux_modules(const minidump::Dump& dump, snapshot::Snapshot& snapshot);

/// PROCESSOR_ARCHITECTURE_* or, without one, the kind of the contexts; absent when neither is ours.
std::optional<snapshot::Arch> arch_of(const minidump::Dump& dump);
snapshot::Registers registers_of(const minidump::Context& context);
/// The system's words of a death on Windows.
snapshot::Fault windows_fault(const minidump::Exception& exception);

}  // namespace inquest::ingest
