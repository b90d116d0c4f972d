#include "testkit/windows_files.h"

#include <fmt/core.h>
#include <zlib.h>

#include "testkit/bytes.h"

namespace inquest::testkit {
namespace {

std::string as_text(const ByteBuilder& b) {
  auto view = b.view();
  return {reinterpret_cast<const char*>(view.data()), view.size()};
}

uint32_t number(std::string_view hex) {
  return static_cast<uint32_t>(std::stoul(std::string(hex), nullptr, 16));
}

/// Its text is big-endian numbers; its bytes are little-endian for the first three.
void put_guid(ByteBuilder& b, std::string_view guid) {
  b.u32(number(guid.substr(0, 8)));
  b.u16(static_cast<uint16_t>(number(guid.substr(8, 4))));
  b.u16(static_cast<uint16_t>(number(guid.substr(12, 4))));
  for (size_t i = 16; i < 32; i += 2) b.u8(static_cast<uint8_t>(number(guid.substr(i, 2))));
}

std::string deflated(std::string_view content) {
  z_stream z{};
  deflateInit2(&z, 9, Z_DEFLATED, -MAX_WBITS, 9, Z_DEFAULT_STRATEGY);
  std::string out(content.size() + 1024, '\0');
  z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(content.data()));
  z.avail_in = static_cast<uInt>(content.size());
  z.next_out = reinterpret_cast<Bytef*>(out.data());
  z.avail_out = static_cast<uInt>(out.size());
  deflate(&z, Z_FINISH);
  out.resize(z.total_out);
  deflateEnd(&z);
  return out;
}

}  // namespace

std::string BuildName::debug_id() const { return fmt::format("{}{:X}", guid, age); }

std::string pe_image(const ImageSpec& spec) {
  const bool is_64 = spec.machine == 0x8664 || spec.machine == 0xaa64;
  const uint32_t headers = 0x200, raw = 0x200, rva = 0x1000;
  ByteBuilder b;
  b.text("MZ").zeros(58).u32(0x40);
  b.text(std::string_view("PE\0\0", 4));
  b.u16(spec.machine).u16(1).u32(spec.timestamp).u32(0).u32(0);
  const uint16_t optional = is_64 ? 112 + 128 : 96 + 128;
  b.u16(optional).u16(0x22);
  size_t at = b.size();
  b.u16(is_64 ? 0x20b : 0x10b).u8(14).u8(0).u32(0x200).u32(0).u32(0).u32(rva).u32(rva);
  if (is_64) {
    b.u64(0x140000000);
  } else {
    b.u32(0x2000).u32(0x400000);
  }
  b.u32(0x1000).u32(0x200).u16(6).u16(0).u16(0).u16(0).u16(6).u16(0).u32(0);
  b.u32(spec.image_size).u32(headers).u32(spec.checksum).u16(3).u16(0);
  for (int i = 0; i < 4; ++i) {
    if (is_64) {
      b.u64(0x100000);
    } else {
      b.u32(0x100000);
    }
  }
  b.u32(0).u32(16);
  b.zeros(6 * 8).u32(spec.has_codeview ? rva : 0).u32(spec.has_codeview ? 28 : 0);
  b.zeros(at + optional - b.size());
  b.text(std::string_view(".rdata\0\0", 8)).u32(0x200).u32(rva).u32(0x200).u32(raw).zeros(12);
  b.u32(0x40000040);
  b.zeros(headers - b.size());
  const uint32_t record = static_cast<uint32_t>(24 + spec.pdb.size() + 1);
  b.u32(0).u32(spec.timestamp).u32(0).u32(2).u32(record).u32(rva + 28).u32(raw + 28);
  b.text("RSDS");
  put_guid(b, spec.build.guid);
  b.u32(spec.build.age).c_string(spec.pdb);
  b.align(0x200);
  return as_text(b);
}

namespace {

constexpr uint32_t kFirstNamed = 4;  // number of the first stream with a name

/// The information stream: build, then the map from names to streams (a hash table as the linker
/// writes it, all of whose buckets are in use).
std::string info_stream(const PdbSpec& spec) {
  ByteBuilder info;
  info.u32(20000404).u32(spec.signature).u32(spec.info_age ? spec.info_age : spec.build.age);
  put_guid(info, spec.build.guid);
  if (spec.named.empty()) return as_text(info);
  ByteBuilder names, entries;
  uint32_t stream = kFirstNamed;
  for (const auto& [name, content] : spec.named) {
    entries.u32(static_cast<uint32_t>(names.size())).u32(stream++);
    names.c_string(name);
  }
  const auto count = static_cast<uint32_t>(spec.named.size());
  info.u32(static_cast<uint32_t>(names.size())).bytes(names.view());
  info.u32(count).u32(count).u32(1).u32((1u << count) - 1).u32(0).bytes(entries.view());
  return as_text(info);
}

}  // namespace

/// Blocks: 0 header, 1 and 2 free maps, 3 list of the directory's blocks, then the streams, then
/// the directory; the blocks of each in falling order to be sure that nobody takes them for a run.
std::string pdb_file(const PdbSpec& spec) {
  const uint32_t size = spec.block_size, first_block = 4;
  ByteBuilder dbi;
  if (spec.has_dbi) dbi.u32(UINT32_MAX).u32(19990903).u32(spec.build.age).zeros(52);
  std::vector<std::string> streams{"", info_stream(spec), "", as_text(dbi)};
  for (const auto& [name, content] : spec.named) streams.push_back(content);
  streams.resize(streams.size() + spec.more_streams);

  ByteBuilder directory, numbers, blocks;
  uint32_t next = first_block;
  auto lay = [&](std::string bytes, ByteBuilder& list) {
    const auto count = static_cast<uint32_t>((bytes.size() + size - 1) / size);
    bytes.resize(size_t{count} * size);
    for (uint32_t i = count; i-- > 0;) {
      blocks.text(std::string_view(bytes).substr(size_t{i} * size, size));
    }
    for (uint32_t i = 0; i < count; ++i) list.u32(next + count - 1 - i);
    next += count;
  };
  directory.u32(static_cast<uint32_t>(streams.size()));
  for (size_t i = 0; i < streams.size(); ++i) {
    constexpr size_t kTypes = 2;  // was removed
    directory.u32(i == kTypes ? UINT32_MAX : static_cast<uint32_t>(streams[i].size()));
    lay(streams[i], numbers);
  }
  directory.bytes(numbers.view());
  ByteBuilder map;
  lay(as_text(directory), map);

  ByteBuilder b;
  b.text(
      std::string_view("Microsoft C/C++ MSF 7.00\r\n\x1a"
                       "DS\0\0\0",
                       32));
  b.u32(size).u32(1).u32(next).u32(static_cast<uint32_t>(directory.size())).u32(0).u32(3);
  b.align(size).zeros(2 * size);
  return as_text(b.bytes(map.view()).align(size).bytes(blocks.view()));
}

std::string cabinet(std::string_view name, std::string_view content, bool packed) {
  constexpr size_t kBlock = 32768;
  std::vector<std::string> blocks;
  for (size_t at = 0; at < content.size(); at += kBlock) {
    std::string_view piece = content.substr(at, kBlock);
    blocks.push_back(packed ? "CK" + deflated(piece) : std::string(piece));
  }
  ByteBuilder b;
  const uint32_t files_at = 36 + 8,
                 data_at = files_at + 16 + static_cast<uint32_t>(name.size()) + 1;
  b.text("MSCF").u32(0).u32(0).u32(0).u32(files_at).u32(0).u8(3).u8(1).u16(1).u16(1).u16(0);
  b.u16(0x1234).u16(0);
  b.u32(data_at).u16(static_cast<uint16_t>(blocks.size())).u16(packed ? 1 : 0);
  b.u32(static_cast<uint32_t>(content.size())).u32(0).u16(0).u16(0).u16(0).u16(0x20);
  b.c_string(name);
  for (size_t i = 0; i < blocks.size(); ++i) {
    size_t plain = std::min(kBlock, content.size() - i * kBlock);
    b.u32(0).u16(static_cast<uint16_t>(blocks[i].size())).u16(static_cast<uint16_t>(plain));
    b.text(blocks[i]);
  }
  b.patch(8, b.size(), 4);
  return as_text(b);
}

std::string zip(std::string_view name, std::string_view content) {
  std::string packed = deflated(content);
  uint32_t crc = static_cast<uint32_t>(
      crc32(0, reinterpret_cast<const Bytef*>(content.data()), static_cast<uInt>(content.size())));
  auto facts = [&](ByteBuilder& b) {
    b.u16(20).u16(0).u16(8).u16(0).u16(0x21).u32(crc).u32(static_cast<uint32_t>(packed.size()));
    b.u32(static_cast<uint32_t>(content.size())).u16(static_cast<uint16_t>(name.size())).u16(0);
  };
  ByteBuilder b;
  b.u32(0x04034b50);
  facts(b);
  b.text(name).text(packed);
  const uint32_t directory = static_cast<uint32_t>(b.size());
  b.u32(0x02014b50).u16(20);
  facts(b);
  b.u16(0).u16(0).u16(0).u32(0).u32(0).text(name);
  const uint32_t end = static_cast<uint32_t>(b.size());
  b.u32(0x06054b50).u16(0).u16(0).u16(1).u16(1).u32(end - directory).u32(directory).u16(0);
  return as_text(b);
}

}  // namespace inquest::testkit
