#include <cstdio>
#include <cstdlib>
#include <gtest/gtest.h>

#include "format/elf/file.h"
#include "ingest/elf_core.h"
#include "testkit/elf_seeds.h"

namespace inquest::ingest {
namespace {

/// The fuzzers' seeds are good inputs. With INQUEST_WRITE_SEEDS=fuzz/corpus they are also written.
TEST(Seeds, AreRead) {
  for (const auto& [name, bytes] : testkit::elf_seeds()) {
    auto file = elf::File::parse(bytes, nullptr, name);
    ASSERT_TRUE(file) << name;
    EXPECT_TRUE((*file)->damage().empty()) << name;
    EXPECT_EQ((*file)->build_id().size(), 20u) << name;
    EXPECT_EQ((*file)->symbols(11).size(), 2u) << name;
    if ((*file)->sections().empty()) continue;
    EXPECT_EQ((*file)->section_data(".debug_info").size(), 5u) << name;
    EXPECT_EQ((*file)->section_data(".debug_str").size(), 5u) << name;
  }
  for (const auto& [name, bytes] : testkit::elf_core_seeds()) {
    std::unique_ptr<FILE, int (*)(FILE*)> file{std::tmpfile(), std::fclose};
    std::fwrite(bytes.data(), 1, bytes.size(), file.get());
    std::fflush(file.get());
    auto mapped = MappedFile::from_descriptor(fileno(file.get()), name);
    auto snapshot = read_elf_core(*mapped);
    ASSERT_TRUE(snapshot) << snapshot.error().line();
    EXPECT_EQ(snapshot->threads.size(), 2u) << name;
    EXPECT_EQ(snapshot->complete, name != "core-cut") << name;
  }
  if (const char* corpus = std::getenv("INQUEST_WRITE_SEEDS")) {
    testkit::write_seeds(testkit::elf_seeds(), std::string(corpus) + "/elf");
    testkit::write_seeds(testkit::elf_core_seeds(), std::string(corpus) + "/elf_core");
  }
}

}  // namespace
}  // namespace inquest::ingest
