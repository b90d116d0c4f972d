// The whole way from a minidump's bytes to a Snapshot, which is then held to what it promises.
// Seeds: testkit/minidump_seeds.cc, written by
// `INQUEST_WRITE_SEEDS=fuzz/corpus inquest_ingest_test`.
#include <cstdint>
#include <cstdlib>
#include <sys/mman.h>
#include <unistd.h>

#include "ingest/minidump.h"
#include "unwind/unwind.h"

using namespace inquest;

namespace {

void require(bool promise) {
  if (!promise) std::abort();
}

void check_ranges(const snapshot::Snapshot& snapshot) {
  for (size_t i = 0; i < snapshot.regions.size(); ++i) {
    const auto& region = snapshot.regions[i];
    require(!region.range.empty() && region.recorded <= region.range.size());
    if (i > 0) require(snapshot.regions[i - 1].range.end <= region.range.begin);
  }
  for (size_t i = 0; i < snapshot.modules.size(); ++i) {
    const auto& module = snapshot.modules[i];
    require(!module.range.empty());
    if (i > 0) require(snapshot.modules[i - 1].range.end <= module.range.begin);
    require(snapshot.module_at(module.range.begin) == &module);
  }
}

void check(const snapshot::Snapshot& snapshot) {
  size_t crashed = 0;
  for (const auto& thread : snapshot.threads) {
    crashed += thread.crashed;
    require(thread.registers.arch() == snapshot.arch);
  }
  require(crashed <= 1 && (crashed == 1) == snapshot.fault.has_value());
  check_ranges(snapshot);
  // Unwind data of code made at run time is the program's own: it may be anything.
  unwind::Unwinder unwinder(snapshot, nullptr);
  size_t asked = 0;
  for (const auto& table : snapshot.function_tables) {
    require(!table.range.empty() && !table.entries.empty());
    if (++asked > 64) break;
    if (auto function = unwinder.function_at(table.range.begin)) {
      require(function->begin >= table.base);
    }
  }
  for (const auto& thread : snapshot.threads) {
    auto pc = thread.registers.pc();
    if (pc && snapshot.function_table_at(*pc) && ++asked < 64) unwinder.walk(thread);
  }
  const auto& pieces = snapshot.memory.pieces();
  for (size_t i = 0; i < pieces.size(); ++i) {
    if (i > 0) require(pieces[i - 1].end() <= pieces[i].begin);
    std::byte probe;
    require(snapshot.memory.read(pieces[i].begin, {&probe, 1}) == 1);
    require(snapshot.region_at(pieces[i].begin) != nullptr);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  int descriptor = memfd_create("minidump", MFD_CLOEXEC);
  if (descriptor < 0) return 0;
  bool written = write(descriptor, data, size) == static_cast<ssize_t>(size);
  auto file = MappedFile::from_descriptor(descriptor, "fuzz");
  close(descriptor);
  if (!written || !file) return 0;
  auto snapshot = ingest::read_minidump(*file);
  if (snapshot) {
    check(*snapshot);
  } else {
    require(!snapshot.error().what.empty() && snapshot.error().file == "fuzz");
  }
  return 0;
}
