/// Linux cores: of the kernel, of gdb's gcore, of `inquest run`. x86-64, AArch64, i386, ARM.
///
/// Source: <linux/elfcore.h>, <sys/procfs.h>, fs/binfmt_elf.c of Linux 6.1 for the notes.
#pragma once

#include <memory>

#include "base/error.h"
#include "base/mapped_file.h"
#include "snapshot/snapshot.h"

namespace inquest::ingest {

/// The Snapshot borrows memory from `file`, which it keeps alive.
Result<snapshot::Snapshot> read_elf_core(std::shared_ptr<const MappedFile> file);

}  // namespace inquest::ingest
