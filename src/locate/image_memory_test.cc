#include <gtest/gtest.h>

#include "locate/locate.h"
#include "locate/section_access.h"
#include "testkit/bytes.h"

namespace inquest::locate {
namespace {

constexpr uint64_t kPreferred = 0x140000000, kLoaded = 0x7ff600000000;

/// Code of three pages with a pointer in the second, one across the end of it, and a .data.
class Image : public pe::File {
 public:
  Image() {
    code_.resize(3 * 4096, std::byte{0x90});
    put(4096 + 16, kPreferred + 0x2000);
    put(2 * 4096 - 4, kPreferred + 0x3000);
    data_.resize(64, std::byte{1});
    testkit::ByteBuilder b;
    b.u32(0x2000).u32(12).u16(0xa010).u16(0xaffc);
    reloc_ = b.take();
    sections_ = {{".text", 0x1000, 3 * 4096, 0, 0, 0x60000020},
                 {".data", 0x5000, 64, 0, 0, 0xc0000040}};
  }
  const std::string& path() const override { return path_; }
  pe::Machine machine() const override { return pe::Machine::x64; }
  bool is_64() const override { return true; }
  uint32_t timestamp() const override { return 7; }
  uint32_t image_size() const override { return 0x6000; }
  uint32_t checksum() const override { return 0; }
  uint64_t image_base() const override { return kPreferred; }
  Rva entry_point() const override { return {}; }
  const std::vector<pe::Section>& sections() const override { return sections_; }
  Bytes section_data(std::string_view name) const override {
    return name == ".reloc" ? Bytes(reloc_) : Bytes();
  }
  Bytes at(Rva, uint64_t) const override { return {}; }
  Bytes from(Rva rva) const override { return rva.value == 0x1000 ? Bytes(code_) : Bytes(data_); }
  std::optional<pe::CodeView> codeview() const override { return pe::CodeView{"AB1", "a.pdb"}; }
  const std::vector<pe::Export>& exports() const override { return exports_; }
  Bytes exception_directory() const override { return {}; }
  std::string version() const override { return {}; }

 private:
  void put(size_t at, uint64_t value) { std::memcpy(code_.data() + at, &value, sizeof value); }

  std::string path_ = "a.exe";
  std::vector<std::byte> code_, data_, reloc_;
  std::vector<pe::Section> sections_;
  std::vector<pe::Export> exports_;
};

snapshot::Snapshot loaded_at(uint64_t base) {
  snapshot::Snapshot snapshot;
  snapshot::Module module;
  module.path = "C:\\a.exe";
  module.range = {{base}, {base + 0x6000}};
  module.identity.timestamp = 7;
  module.identity.debug_id = "ab1";
  snapshot.modules.push_back(module);
  return snapshot;
}

TEST(ImageMemory, IsMovedToWhereItWasLoaded) {
  snapshot::Snapshot snapshot = loaded_at(kLoaded);
  uint64_t left = 1 << 20;
  add_file_memory(snapshot, snapshot.modules[0], std::make_shared<Image>(), left);
  const auto& memory = snapshot.memory;
  EXPECT_EQ(memory.read<uint64_t>({kLoaded + 0x2010}), kLoaded + 0x2000);
  EXPECT_EQ(memory.read<uint64_t>({kLoaded + 0x2ffc}), kLoaded + 0x3000);
  EXPECT_EQ(memory.read<uint8_t>({kLoaded + 0x1000}), 0x90);
  EXPECT_EQ(memory.origin({kLoaded + 0x1000}), snapshot::Origin::file);
  // What the process wrote is unknown.
  EXPECT_FALSE(memory.has({kLoaded + 0x5000}));
  // The first page was borrowed, the two with pointers copied.
  EXPECT_EQ(left, (1u << 20) - 2 * 4096);
}

TEST(ImageMemory, IsBorrowedAtItsPreferredPlace) {
  snapshot::Snapshot snapshot = loaded_at(kPreferred);
  uint64_t left = 0;
  add_file_memory(snapshot, snapshot.modules[0], std::make_shared<Image>(), left);
  EXPECT_EQ(snapshot.memory.read<uint64_t>({kPreferred + 0x2010}), kPreferred + 0x2000);
}

TEST(ImageMemory, LeavesOutWhatItMayNotCopy) {
  snapshot::Snapshot snapshot = loaded_at(kLoaded);
  uint64_t left = 100;
  add_file_memory(snapshot, snapshot.modules[0], std::make_shared<Image>(), left);
  EXPECT_TRUE(snapshot.memory.has({kLoaded + 0x1000}));
  EXPECT_FALSE(snapshot.memory.has({kLoaded + 0x2010}));
}

TEST(ImageMemory, IsNotTakenFromAnotherBuild) {
  for (int what = 0; what < 3; ++what) {
    snapshot::Snapshot snapshot = loaded_at(kLoaded);
    auto& module = snapshot.modules[0];
    if (what == 0) module.identity.timestamp = 8;
    if (what == 1) module.identity.debug_id = "AB2";
    if (what == 2) module.range.end = module.range.end + 0x1000;
    uint64_t left = 1 << 20;
    add_file_memory(snapshot, module, std::make_shared<Image>(), left);
    EXPECT_TRUE(snapshot.memory.pieces().empty()) << what;
  }
}

TEST(ImageMemory, SaysOfEachSectionHowMuchOfItTheDumpHolds) {
  auto image = std::make_shared<Image>();
  snapshot::Snapshot snapshot = loaded_at(kLoaded);
  // A dump of all memory without a list of regions: one run of bytes, the module's.
  static const std::vector<std::byte> all(0x6000, std::byte{2});
  snapshot.memory.add({kLoaded}, all, snapshot::Origin::dump, nullptr);
  snapshot.regions.push_back(
      {.range = {{kLoaded}, {kLoaded + 0x6000}}, .file = "C:\\a.exe", .recorded = 0x6000});
  add_section_access(snapshot, snapshot.modules[0], *image);
  ASSERT_EQ(snapshot.regions.size(), 3u);
  EXPECT_EQ(snapshot.regions[1].range.begin.value, kLoaded + 0x1000);
  EXPECT_TRUE(snapshot.regions[1].access->execute);
  EXPECT_EQ(snapshot.regions[1].recorded, 0x3000u);
  EXPECT_EQ(snapshot.regions[2].range.begin.value, kLoaded + 0x5000);
  EXPECT_TRUE(snapshot.regions[2].access->write);
  EXPECT_EQ(snapshot.regions[2].recorded, 0x1000u);
}

}  // namespace
}  // namespace inquest::locate
