/// For tests: a minidump's bytes become a Snapshot, as a file of them would.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "ingest/minidump.h"

namespace inquest::ingest::test_minidump {

inline Result<snapshot::Snapshot> read(const std::vector<std::byte>& bytes) {
  std::unique_ptr<FILE, int (*)(FILE*)> file{std::tmpfile(), std::fclose};
  std::fwrite(bytes.data(), 1, bytes.size(), file.get());
  std::fflush(file.get());
  return read_minidump(*MappedFile::from_descriptor(fileno(file.get()), "test.dmp"));
}

inline snapshot::Snapshot taken(const std::vector<std::byte>& bytes) {
  auto snapshot = read(bytes);
  EXPECT_TRUE(snapshot) << snapshot.error().line();
  return snapshot ? std::move(*snapshot) : snapshot::Snapshot{};
}

inline std::string text(const std::vector<Warning>& warnings) {
  std::string all;
  for (const Warning& warning : warnings) all += warning.what + "\n";
  return all;
}

inline std::vector<std::byte> filled(size_t size, uint8_t value) {
  return std::vector<std::byte>(size, std::byte{value});
}

}  // namespace inquest::ingest::test_minidump
