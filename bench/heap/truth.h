// The truth that a generator wrote beside its dump (ledger.h), for the programs that judge.
#pragma once

#include <cstdio>
#include <cstring>
#include <vector>

#include "ledger.h"

namespace ledger {

struct Record {
  uint64_t address;
  uint32_t usable;
  uint8_t kind, live, type, zero;
};

inline constexpr const char* kNames[] = {
    "other",    "reachable", "leaked head",  "leaked with", "leaked cycle", "tagged",  "mapping",
    "register", "stack",     "thread-local", "array",       "base",         "interior"};

// Ascending; empty when the file is not such a truth.
inline std::vector<Record> read(const char* path) {
  std::vector<Record> records;
  FILE* file = fopen(path, "rb");
  if (!file) return records;
  char head[16];
  if (fread(head, 1, 16, file) == 16 && memcmp(head, "INQHEAP1", 8) == 0) {
    uint64_t count = 0;
    memcpy(&count, head + 8, 8);
    records.resize(count);
    records.resize(fread(records.data(), sizeof(Record), count, file));
  }
  fclose(file);
  return records;
}

inline bool is_leaked(const Record& record) {
  return record.live && record.kind >= kLeakedHead && record.kind <= kLeakedCycle;
}

}  // namespace ledger
