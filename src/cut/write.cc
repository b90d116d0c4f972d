#include "cut/write.h"

#include <algorithm>

#include "cut/streams.h"

namespace inquest::cut {
namespace {

Error too_large(uint64_t bytes) {
  return {.what = fmt::format("{} MiB do not fit into a minidump", bytes >> 20),
          .advice = "give a smaller --size"};
}

/// The ranges' bytes one behind the other; a range ends where memory does.
struct Contents {
  ByteWriter bytes;
  std::vector<PutMemory> runs;  ///< offsets from the first byte
};

Result<Contents> read_all(const snapshot::Memory& memory, const std::vector<AddressRange>& ranges) {
  uint64_t total = 0;
  for (const AddressRange& range : ranges) {
    total += std::min<uint64_t>(range.size(), UINT64_MAX - total);
  }
  if (total > kLargestMinidump) return fail(too_large(total));
  Contents all;
  std::vector<std::byte> bytes;
  for (const AddressRange& range : ranges) {
    bytes.resize(range.size());
    bytes.resize(memory.read(range.begin, bytes));
    if (bytes.empty()) continue;
    all.runs.push_back({.range = {range.begin, range.begin + bytes.size()},
                        .offset = static_cast<uint32_t>(all.bytes.size())});
    all.bytes.bytes(bytes).align(8);
  }
  return all;
}

/// Everything but the memory, which will lie at `memory_offset`.
DumpFile put_all(const snapshot::Snapshot& snapshot, std::vector<PutMemory> runs,
                 uint64_t memory_offset) {
  for (PutMemory& run : runs) run.offset += static_cast<uint32_t>(memory_offset);
  DumpFile file;
  put_system(file, snapshot);
  put_process(file, snapshot);
  put_threads(file, snapshot, runs);
  put_modules(file, snapshot);
  put_memory_list(file, runs);
  put_regions(file, snapshot);
  put_handles(file, snapshot);
  put_comment(file, snapshot);
  put_crashpad(file, snapshot);
  put_note(file, snapshot);
  file.put({});  // aligned
  return file;
}

}  // namespace

Result<std::vector<std::byte>> write_minidump(const snapshot::Snapshot& snapshot,
                                              const snapshot::Memory& memory,
                                              const std::vector<AddressRange>& ranges) {
  Contents contents = TRY(read_all(memory, ranges));
  // The streams name places in the memory behind them, so that their size must be known before.
  uint64_t size = put_all(snapshot, contents.runs, 0).size();
  if (size + contents.bytes.size() > kLargestMinidump) {
    return fail(too_large(size + contents.bytes.size()));
  }
  DumpFile file = put_all(snapshot, contents.runs, size);
  file.put(contents.bytes.view());
  uint32_t time = 0;
  if (snapshot.process.time) {
    time = static_cast<uint32_t>(snapshot.process.time->time_since_epoch().count());
  }
  return file.finish(time);
}

}  // namespace inquest::cut
