#include <elf.h>
#include <gtest/gtest.h>

#include "locate/test_builds.h"

namespace inquest::locate {
namespace {

TEST(FileMemory, FillsWhatTheDumpLacksOfReadOnlyPages) {
  SKIP_WITHOUT_COMPILER();
  auto image = elf::File::open(Builds::get()->folder() / "app");
  snapshot::Snapshot snapshot = snapshot_of("app", "app");
  const snapshot::Module module = snapshot.modules[0];
  // One byte of the text is in the dump, and differs: a breakpoint. The dump's is what was.
  Address text{(*image)->entry() + module.bias};
  static const std::byte kTrap{0xcc};
  snapshot.memory.add(text, {&kTrap, 1}, snapshot::Origin::dump, nullptr);
  add_file_memory(snapshot, module, *image);
  EXPECT_EQ(snapshot.memory.origin(text), snapshot::Origin::dump);
  EXPECT_EQ(snapshot.memory.read<u8>(text), 0xcc);
  EXPECT_EQ(snapshot.memory.origin(text + 1), snapshot::Origin::file);
  for (const elf::Segment& s : (*image)->segments()) {
    if (s.type != PT_LOAD) continue;
    Address at{s.vaddr + module.bias};
    if (s.flags & PF_W) {
      EXPECT_FALSE(snapshot.memory.has(at + s.file_size - 1));
    } else {
      Bytes whole = (*image)->segment_data(s);
      EXPECT_EQ(snapshot.memory.read<u8>(at + s.file_size - 1), static_cast<uint8_t>(whole.back()));
    }
  }
}

TEST(FileMemory, KeepsOutOfPagesThatWereWritable) {
  SKIP_WITHOUT_COMPILER();
  auto image = elf::File::open(Builds::get()->folder() / "app");
  snapshot::Snapshot snapshot = snapshot_of("app", "app");
  const snapshot::Module module = snapshot.modules[0];
  Address page{((*image)->entry() + module.bias) & ~uint64_t{4095}};
  snapshot.regions.push_back(
      {.range = {page, page + 4096}, .access = snapshot::Access{true, true, true}});
  add_file_memory(snapshot, module, *image);
  EXPECT_FALSE(snapshot.memory.has(page + 8));
  EXPECT_TRUE(snapshot.memory.has(module.range.begin));
}

TEST(FileMemory, TakesNothingFromAFileThatIsNotProven) {
  SKIP_WITHOUT_COMPILER();
  auto other = elf::File::open(Builds::get()->folder() / "other");
  snapshot::Snapshot snapshot = snapshot_of("app", "app");
  add_file_memory(snapshot, snapshot.modules[0], *other);
  EXPECT_TRUE(snapshot.memory.pieces().empty());
  auto unproven = elf::File::open(Builds::get()->folder() / "noid");
  snapshot = snapshot_of("noid", "noid", false);
  add_file_memory(snapshot, snapshot.modules[0], *unproven);
  EXPECT_TRUE(snapshot.memory.pieces().empty());
}

TEST(FileMemory, SharesTheImage) {
  SKIP_WITHOUT_COMPILER();
  snapshot::Snapshot snapshot = snapshot_of("app", "app");
  {
    auto image = elf::File::open(Builds::get()->folder() / "app");
    add_file_memory(snapshot, snapshot.modules[0], *image);
  }
  EXPECT_EQ(snapshot.memory.read<u8>(snapshot.modules[0].range.begin + 1), 'E');
}

}  // namespace
}  // namespace inquest::locate
