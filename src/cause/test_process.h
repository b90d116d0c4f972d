/// Builds a Snapshot by hand: memory, regions, threads, a fault. For tests of what reads one.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "cause/process.h"
#include "snapshot/snapshot.h"
#include "testkit/bytes.h"

namespace inquest::cause {

using testkit::ByteBuilder;

class DeadProcess {
 public:
  DeadProcess();

  /// A region with these bytes, all recorded. `access` as in "rw-". The size is rounded up to
  /// pages, with zeros.
  DeadProcess& map(uint64_t begin, std::vector<std::byte> bytes, std::string access = "rw-",
                   std::string file = "");
  /// A region that the dump holds nothing of.
  DeadProcess& reserve(uint64_t begin, uint64_t size, std::string access = "---",
                       std::string file = "");
  /// A module over [begin, begin + size); its bytes are mapped separately.
  DeadProcess& module(uint64_t begin, uint64_t size, std::string path, bool is_main = false);
  /// x86-64; by name: {"rip", 0x401000}, {"rsp", ...}.
  DeadProcess& thread(uint32_t id, std::string name,
                      std::vector<std::pair<std::string, uint64_t>> registers,
                      bool crashed = false);
  /// The signal that killed it; `sender` as si_pid where it was sent.
  DeadProcess& signal(int number, int code, std::optional<uint64_t> address,
                      std::optional<int32_t> sender = {});

  snapshot::Snapshot take();
  /// Opened without looking for any file.
  std::unique_ptr<Process> open();

 private:
  snapshot::Snapshot snapshot_;
};

inline uint64_t pages(uint64_t n) {
  return (n + uint64_t{4096} - 1) / uint64_t{4096} * uint64_t{4096};
}

inline snapshot::Access access_of(const std::string& text) {
  return {.read = text.find('r') != std::string::npos,
          .write = text.find('w') != std::string::npos,
          .execute = text.find('x') != std::string::npos};
}

inline DeadProcess::DeadProcess() {
  snapshot_.process.pid = 4000;
  snapshot_.process.command = "patient";
}

inline DeadProcess& DeadProcess::map(uint64_t begin, std::vector<std::byte> bytes,
                                     std::string access, std::string file) {
  bytes.resize(std::max<size_t>(pages(bytes.size()), uint64_t{4096}));
  auto owner = std::make_shared<std::vector<std::byte>>(std::move(bytes));
  snapshot_.memory.add(Address{begin}, *owner, snapshot::Origin::dump, owner);
  snapshot_.regions.push_back({.range = {Address{begin}, Address{begin + owner->size()}},
                               .access = access_of(access),
                               .file = std::move(file),
                               .recorded = owner->size()});
  return *this;
}

inline DeadProcess& DeadProcess::reserve(uint64_t begin, uint64_t size, std::string access,
                                         std::string file) {
  snapshot_.regions.push_back({.range = {Address{begin}, Address{begin + pages(size)}},
                               .access = access_of(access),
                               .file = std::move(file)});
  return *this;
}

inline DeadProcess& DeadProcess::module(uint64_t begin, uint64_t size, std::string path,
                                        bool is_main) {
  snapshot_.modules.push_back({.path = std::move(path),
                               .range = {Address{begin}, Address{begin + size}},
                               .bias = begin,
                               .is_main = is_main});
  return *this;
}

inline DeadProcess& DeadProcess::thread(uint32_t id, std::string name,
                                        std::vector<std::pair<std::string, uint64_t>> registers,
                                        bool crashed) {
  snapshot::Thread thread;
  thread.id = id;
  thread.name = std::move(name);
  thread.registers = snapshot::Registers(snapshot::Arch::x86_64);
  thread.crashed = crashed;
  for (const auto& [reg, value] : registers) {
    if (reg == "fs") {
      thread.tls = value;
    } else if (auto number = snapshot::register_by_name(snapshot::Arch::x86_64, reg)) {
      thread.registers.set(*number, value);
    }
  }
  snapshot_.threads.push_back(std::move(thread));
  return *this;
}

inline DeadProcess& DeadProcess::signal(int number, int code, std::optional<uint64_t> address,
                                        std::optional<int32_t> sender) {
  snapshot::Fault fault;
  for (const auto& thread : snapshot_.threads) {
    if (thread.crashed) fault.thread = thread.id;
  }
  fault.signal = number;
  fault.signal_code = code;
  if (address) fault.address = Address{*address};
  fault.sender_pid = sender;
  snapshot_.fault = fault;
  return *this;
}

inline snapshot::Snapshot DeadProcess::take() {
  auto by_begin = [](const auto& a, const auto& b) { return a.range.begin < b.range.begin; };
  std::sort(snapshot_.regions.begin(), snapshot_.regions.end(), by_begin);
  std::sort(snapshot_.modules.begin(), snapshot_.modules.end(), by_begin);
  return std::move(snapshot_);
}

inline std::unique_ptr<Process> DeadProcess::open() {
  Options options;
  options.locate.system_paths = false;
  options.symbols.use_cache = false;
  return Process::open(take(), options);
}

}  // namespace inquest::cause
