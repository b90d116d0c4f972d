// Threads with their registers, stacks and names; the exception.
#include <algorithm>

#include "cut/context.h"
#include "cut/streams.h"

namespace inquest::cut {
namespace {

using snapshot::Os;
using snapshot::Snapshot;
using snapshot::Thread;

constexpr uint32_t kThreadList = 3, kException = 6, kThreadNames = 24;
constexpr uint64_t kStackRedZone = 128;
constexpr size_t kMostParameters = 15;

/// The run of put memory that the stack pointer is in, from the red zone on.
void put_stack(ByteWriter& out, const Thread& thread, const std::vector<PutMemory>& memory) {
  uint64_t sp = thread.registers.sp().value_or(Address{0}).value;
  auto after = std::ranges::partition_point(
      memory, [&](const PutMemory& m) { return m.range.begin.value <= sp; });
  if (after == memory.begin() || !(after - 1)->range.contains(Address{sp})) {
    out.u64(sp).u32(0).u32(0);
    return;
  }
  const PutMemory& run = *(after - 1);
  uint64_t begin = std::max(run.range.begin.value, sp - std::min(sp, kStackRedZone));
  out.u64(begin).u32(run.range.end.value - begin);
  out.u32(run.offset + (begin - run.range.begin.value));
}

/// Breakpad's words of a Linux signal: code is the signal, flags its si_code, address si_addr or,
/// of a sent one, the sender's ids.
void put_signal(ByteWriter& out, const snapshot::Fault& fault) {
  uint64_t address = fault.address.value_or(Address{0}).value;
  if (fault.sender_pid) {
    address = static_cast<uint32_t>(*fault.sender_pid) |
              static_cast<uint64_t>(fault.sender_uid.value_or(0)) << 32;
  }
  out.u32(static_cast<uint32_t>(*fault.signal));
  out.u32(static_cast<uint32_t>(fault.signal_code.value_or(0))).u64(0).u64(address);
}

uint64_t hex_annotation(const Snapshot& snapshot, const char* key) {
  auto found = snapshot.annotations.find(key);
  if (found == snapshot.annotations.end()) return 0;
  return std::strtoull(found->second.c_str(), nullptr, 16);
}

void put_exception(DumpFile& file, const Snapshot& snapshot,
                   const std::map<uint32_t, Location>& contexts) {
  if (!snapshot.fault) return;
  const snapshot::Fault& fault = *snapshot.fault;
  ByteWriter out;
  out.u32(fault.thread).u32(0);
  if (fault.signal) {
    put_signal(out, fault);
  } else {
    out.u32(fault.exception.value_or(0)).u32(hex_annotation(snapshot, "exception.flags")).u64(0);
    uint64_t at = hex_annotation(snapshot, "exception.address");
    out.u64(at ? at : fault.address.value_or(Address{0}).value);
  }
  size_t count = std::min(fault.parameters.size(), kMostParameters);
  out.u32(count).u32(0);
  for (size_t i = 0; i < kMostParameters; ++i) out.u64(i < count ? fault.parameters[i] : 0);
  auto context = contexts.find(fault.thread);
  put_location(out, context == contexts.end() ? Location{} : context->second);
  file.stream(kException, out.view());
}

void put_names(DumpFile& file, const Snapshot& snapshot) {
  ByteWriter entries;
  uint32_t count = 0;
  for (const Thread& thread : snapshot.threads) {
    if (thread.name.empty()) continue;
    entries.u32(thread.id).u64(file.put_string(thread.name));
    ++count;
  }
  if (count == 0) return;
  ByteWriter list;
  list.u32(count).bytes(entries.view());
  file.stream(kThreadNames, list.view());
}

}  // namespace

void put_threads(DumpFile& file, const Snapshot& snapshot, const std::vector<PutMemory>& memory) {
  std::map<uint32_t, Location> contexts;
  ByteWriter list;
  list.u32(snapshot.threads.size());
  for (const Thread& thread : snapshot.threads) {
    std::vector<std::byte> context = context_of(thread, snapshot.os);
    Location at = file.put(context);
    contexts.emplace(thread.id, at);
    list.u32(thread.id).u32(0).u32(0).u32(0).u64(thread.tls.value_or(0));
    put_stack(list, thread, memory);
    put_location(list, at);
  }
  file.stream(kThreadList, list.view());
  put_names(file, snapshot);
  put_exception(file, snapshot, contexts);
}

}  // namespace inquest::cut
