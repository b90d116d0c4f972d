#include "format/pdb/msf.h"

#include <algorithm>
#include <string_view>

#include "base/cursor.h"

namespace inquest::pdb {
namespace {

constexpr std::string_view kMagic{
    "Microsoft C/C++ MSF 7.00\r\n\x1a"
    "DS\0\0\0",
    32};
constexpr std::string_view kOldMagic = "Microsoft C/C++ program database 2.00";
constexpr uint32_t kNilStream = UINT32_MAX;  // the size of a stream that was removed

struct SuperBlock {
  unsigned char magic[32];
  le32 block_size, free_map, block_count, directory_bytes, unknown, map_block;
};
static_assert(sizeof(SuperBlock) == 56);

bool begins(Bytes file, std::string_view magic) {
  return file.size() >= magic.size() && std::memcmp(file.data(), magic.data(), magic.size()) == 0;
}

}  // namespace

bool is_msf(Bytes file) { return begins(file, kMagic); }

Result<Msf> Msf::open(Bytes file, const std::string& name) {
  auto bad = [&](std::string what, std::string advice = "copy the PDB again; it is damaged") {
    return fail(Error{.what = std::move(what),
                      .file = name,
                      .stream = "MSF header",
                      .advice = std::move(advice)});
  };
  if (begins(file, kOldMagic)) {
    return bad("a PDB of the old format 2.00", "link with a linker of Visual Studio 2002 or later");
  }
  if (!is_msf(file)) return bad("not a PDB", "give the .pdb file that the linker wrote");
  Cursor c{file, "MSF header"};
  auto head = c.read<SuperBlock>();
  TRY(c.finish());
  Msf msf(file);
  msf.block_size_ = head.block_size;
  msf.block_count_ = head.block_count;
  msf.directory_bytes_ = head.directory_bytes;
  msf.map_block_ = head.map_block;
  // 512 to 65536, powers of two: anything else is not written by any tool.
  if (msf.block_size_ < 512 || msf.block_size_ > 65536 ||
      (msf.block_size_ & (msf.block_size_ - 1)) != 0) {
    return bad(fmt::format("a block size of {}", msf.block_size_));
  }
  return msf;
}

std::optional<uint32_t> Msf::file_word(uint64_t offset) const {
  if (offset > file_.size() || file_.size() - offset < sizeof(le32)) return {};
  le32 word;
  std::memcpy(static_cast<void*>(&word), file_.data() + offset, sizeof word);
  return uint32_t{word};
}

/// The directory is itself a stream; the blocks that hold it are listed at `map_block_`.
std::optional<uint32_t> Msf::directory_word(uint64_t index) const {
  uint64_t offset = index * sizeof(le32);
  if (offset + sizeof(le32) > directory_bytes_) return {};
  auto block = file_word(uint64_t{map_block_} * block_size_ + offset / block_size_ * sizeof(le32));
  if (!block) return {};
  return file_word(uint64_t{*block} * block_size_ + offset % block_size_);
}

uint64_t Msf::blocks_of(uint32_t stream_size) const {
  if (stream_size == kNilStream) return 0;
  return (uint64_t{stream_size} + block_size_ - 1) / block_size_;
}

/// Directory: count of streams, their sizes, then the block numbers of each stream in turn.
bool Msf::read(uint32_t stream, std::span<std::byte> out) const {
  auto count = directory_word(0);
  if (!count || stream >= *count) return false;
  uint64_t first_block = 1 + uint64_t{*count};
  for (uint32_t before = 0; before < stream; ++before) {
    auto size = directory_word(1 + before);
    if (!size) return false;
    first_block += blocks_of(*size);
  }
  auto size = directory_word(1 + stream);
  if (!size || *size == kNilStream || *size < out.size()) return false;
  for (size_t done = 0; done < out.size();) {
    auto block = directory_word(first_block + done / block_size_);
    if (!block) return false;
    uint64_t at = uint64_t{*block} * block_size_ + done % block_size_;
    size_t n = std::min<size_t>(out.size() - done, block_size_ - done % block_size_);
    if (at > file_.size() || file_.size() - at < n) return false;
    std::memcpy(out.data() + done, file_.data() + at, n);
    done += n;
  }
  return true;
}

}  // namespace inquest::pdb
