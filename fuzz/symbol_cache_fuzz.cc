// The reader of compiled symbol caches. Hashes stop nearly every mutation at the door, so that the
// input is sealed again first: what is tried is a hostile file that hashes right.
//
// The first byte chooses: even, the rest is an image; odd, the rest is a list of patches (16 bits
// of place, 8 of value) upon a small good image. Either is then looked up everywhere.
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <xxhash.h>

#include "symbols/cache/image.h"
#include "symbols/cache/image_builder.h"

namespace {

using namespace inquest;
using namespace inquest::symbols;

std::vector<std::byte> good_image() {
  UnitSymbols unit;
  unit.names = {{"_ZN4game5totalEi", true}, {"main", true}, {"game::inner", false}};
  unit.files = {"/src/guild.cc", "/src/main.cc"};
  unit.ranges = {{0x100, 0x200}, {0x200, 0x240}, {0x110, 0x180}, {0x120, 0x130}, {0x190, 0x1a0}};
  unit.functions = {{0, {0x100, 0x200}, {0, 1}, 0, 3}, {1, {0x200, 0x240}, {1, 1}, 0, 0}};
  unit.calls = {
      {kNone, 2, 0, 10, 3, {2, 1}}, {0, 2, 0, 20, 5, {3, 1}}, {kNone, 2, 1, 30, 7, {4, 1}}};
  for (uint32_t i = 0; i < 160; ++i) unit.rows.push_back({0x100 + 2 * i, i % 2, 10 + i % 7, i % 5});
  unit.runs = {{{0x100, 0x240}, 0, 160}};
  ImageBuilder builder;
  builder.add(unit);
  builder.add({{"_ZN4game5totalEi", 0x100, 0x100, true}, {"main", 0x200, 0x40, true}},
              {{0x100, 0x200, 0}, {0x200, 0x240, 1}});
  std::vector<std::byte> bytes;
  std::array<std::byte, 20> id{};
  for (Bytes part : builder.finish(id, image::kFromDwarf)) {
    bytes.insert(bytes.end(), part.begin(), part.end());
  }
  return bytes;
}

/// Makes size, hashes and the block table right, and leaves all else.
void seal(std::vector<std::byte>& bytes) {
  using namespace image;
  Header header;
  if (bytes.size() < sizeof header) bytes.resize(sizeof header);
  std::memcpy(static_cast<void*>(&header), bytes.data(), sizeof header);
  const uint64_t end = bytes.size();
  uint64_t blocks = 0;
  for (uint64_t at = sizeof header; at < end; at += kBlockSize, ++blocks) {
    le64 hash = XXH64(bytes.data() + at, std::min<uint64_t>(kBlockSize, end - at), 0);
    const auto* raw = reinterpret_cast<const std::byte*>(&hash);
    bytes.insert(bytes.end(), raw, raw + sizeof hash);
  }
  header.magic = kMagic;
  header.version = kVersion;
  header.file_size = bytes.size();
  header.sections[kBlockHashes] = {end, 8 * blocks};
  header.block_table_hash = XXH64(bytes.data() + end, 8 * blocks, 0);
  header.header_hash = XXH64(&header, sizeof header - 8, 0);
  std::memcpy(bytes.data(), &header, sizeof header);
}

void look_up_everywhere(const Image& image) {
  for (CodeRange range : image.function_ranges()) {
    for (uint32_t at : {range.begin, range.begin + (range.end - range.begin) / 2, range.end - 1}) {
      auto frames = image.frames_at(at);
      if (frames.size() > 1 && frames.back().inlined) std::abort();
    }
    if (image.damaged()) std::abort();  // it was sealed
  }
  for (uint32_t at = 0; at < 0x400; at += 3) {
    image.line_at(at);
    image.symbol_at(at);
  }
  image.find_symbol("main");
  image.find_symbol("");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0 || size > (1 << 16)) return 0;
  Bytes input = std::as_bytes(std::span(data + 1, size - 1));
  auto bytes = std::make_shared<std::vector<std::byte>>();
  if (data[0] % 2 == 0) {
    bytes->assign(input.begin(), input.end());
  } else {
    static const std::vector<std::byte> good = good_image();
    *bytes = good;
    Cursor cursor(input);
    while (cursor.remaining() >= 3) {
      uint16_t place = cursor.read<le16>();
      (*bytes)[place % bytes->size()] = static_cast<std::byte>(uint8_t{cursor.read<u8>()});
    }
  }
  seal(*bytes);
  auto image = Image::open(*bytes, bytes, "fuzz");
  if (image) look_up_everywhere(**image);
  return 0;
}
