#include "format/pdb/msf.h"

#include <algorithm>
#include <cstring>

namespace inquest::pdb {
namespace {

constexpr std::string_view kMagic{
    "Microsoft C/C++ MSF 7.00\r\n\x1a"
    "DS\0\0\0",
    32};
constexpr std::string_view kOldMagic = "Microsoft C/C++ program database 2.00";
constexpr uint32_t kNoStream = 0xffffffff;  // the size of a stream that was removed
constexpr const char* kAdvice = "copy or download the PDB anew";

struct SuperBlock {
  u8 magic[32];
  le32 block_size, free_map, block_count, directory_bytes, unknown, map_block;
};
static_assert(sizeof(SuperBlock) == 56);

bool begins(Bytes file, std::string_view magic) {
  return file.size() >= magic.size() && std::memcmp(file.data(), magic.data(), magic.size()) == 0;
}

uint64_t blocks_for(uint64_t bytes, uint64_t block_size) {
  return (bytes + block_size - 1) / block_size;
}

Result<SuperBlock> read_superblock(Bytes file) {
  if (begins(file, kOldMagic)) {
    return fail(Error{.what = "a PDB of the old format 2.00",
                      .stream = "MSF header",
                      .advice = "link with a linker of Visual Studio 2002 or later"});
  }
  if (!is_msf(file)) {
    return fail(Error{.what = "this is no PDB of version 7",
                      .stream = "MSF header",
                      .advice = "give the .pdb file that the linker wrote; portable PDBs of .NET "
                                "are not read"});
  }
  Cursor cursor(file, "MSF header");
  auto head = cursor.read<SuperBlock>();
  TRY(cursor.finish());
  const uint32_t size = head.block_size;
  // 512 to 65536, powers of two: anything else is not written by any tool.
  if (size < 512 || size > 65536 || (size & (size - 1))) {
    return fail(Error{
        .what = fmt::format("a block size of {}", size), .stream = "MSF header", .offset = 32});
  }
  return head;
}

}  // namespace

bool is_msf(Bytes file) { return begins(file, kMagic); }

uint64_t claimed_size(Bytes file) {
  auto head = read_superblock(file);
  return head ? uint64_t{head->block_size} * head->block_count : 0;
}

Result<std::shared_ptr<const Msf>> Msf::open(Bytes file, std::string name,
                                             std::shared_ptr<const void> owner) {
  std::shared_ptr<Msf> msf(new Msf(file, std::move(name), std::move(owner)));
  auto read = msf->read_directory();
  if (read) return msf;
  Error error = std::move(read).error();
  error.file = msf->path();
  if (error.advice.empty()) error.advice = kAdvice;
  return fail(std::move(error));
}

/// The directory is itself a stream; the blocks that hold it are listed at the map block.
Result<Bytes> Msf::directory(uint64_t& block_count, std::vector<std::byte>& scratch) {
  const SuperBlock head = TRY(read_superblock(file_));
  block_size_ = head.block_size;
  const uint64_t directory_bytes = head.directory_bytes;
  // The last block may be cut short; what is missing then reads as missing.
  block_count = std::min<uint64_t>(head.block_count, blocks_for(file_.size(), block_size_));
  Cursor map(file_, "MSF block map");
  map.seek(head.map_block * block_size_);
  const uint64_t n = blocks_for(directory_bytes, block_size_);
  if (!map.fits(n, 4) || n > block_count) {
    return fail(Error{.what = "the directory of streams lies outside the file",
                      .stream = "MSF header",
                      .offset = 44});
  }
  std::vector<uint32_t> blocks(n);
  for (uint32_t& block : blocks) {
    block = map.read<le32>();
    if (block >= block_count) {
      return fail(Error{.what = "a block of the directory lies outside the file",
                        .stream = "MSF block map",
                        .offset = map.position() - 4});
    }
  }
  return gather(blocks.data(), 0, directory_bytes, scratch);
}

Result<> Msf::read_directory() {
  uint64_t block_count = 0;
  std::vector<std::byte> scratch;
  Cursor cursor(TRY(directory(block_count, scratch)), "MSF directory");
  const uint32_t count = cursor.count(4);
  std::vector<uint64_t> sizes(count);
  uint64_t total = 0;
  for (uint64_t& size : sizes) {
    uint32_t claimed = cursor.read<le32>();
    size = claimed == kNoStream ? 0 : claimed;
    total += blocks_for(size, block_size_);
  }
  if (total > block_count || !cursor.fits(total, 4)) {
    return fail(Error{.what = "the streams claim more blocks than the file has",
                      .stream = "MSF directory"});
  }
  blocks_.reserve(total);
  streams_.reserve(count);
  for (uint64_t size : sizes) {
    Stream stream{size, blocks_.size()};
    bool inside = true;
    for (uint64_t n = blocks_for(size, block_size_); n > 0; --n) {
      uint32_t block = cursor.read<le32>();
      inside &= block < block_count;
      blocks_.push_back(block);
    }
    if (!inside) stream.size = 0;  // this stream is lost, others may do
    streams_.push_back(stream);
  }
  return cursor.finish();
}

uint64_t Msf::size(uint32_t stream) const {
  return stream < streams_.size() ? streams_[stream].size : 0;
}

Bytes Msf::read(uint32_t stream, uint64_t offset, uint64_t n,
                std::vector<std::byte>& scratch) const {
  const uint64_t whole = size(stream);
  if (offset >= whole) return {};
  n = std::min(n, whole - offset);
  const uint64_t skipped = offset / block_size_;
  return gather(blocks_.data() + streams_[stream].first_block + skipped,
                offset - skipped * block_size_, n, scratch);
}

/// `offset` < block size, from the first of `blocks`.
Bytes Msf::gather(const uint32_t* blocks, uint64_t offset, uint64_t n,
                  std::vector<std::byte>& scratch) const {
  if (n == 0) return {};
  const uint64_t count = blocks_for(offset + n, block_size_);
  bool contiguous = true;
  for (uint64_t i = 1; i < count && contiguous; ++i) contiguous = blocks[i] == blocks[0] + i;
  const uint64_t begin = blocks[0] * block_size_ + offset;
  if (contiguous) {
    if (begin >= file_.size()) return {};
    return file_.subspan(begin, std::min<uint64_t>(n, file_.size() - begin));
  }
  scratch.assign(n, std::byte{0});
  uint64_t done = 0;
  for (uint64_t i = 0; i < count; ++i) {
    const uint64_t from = blocks[i] * block_size_ + (i ? 0 : offset);
    uint64_t take = std::min(n - done, block_size_ - (i ? 0 : offset));
    if (from < file_.size()) {
      std::memcpy(scratch.data() + done, file_.data() + from,
                  std::min<uint64_t>(take, file_.size() - from));
    }
    done += take;
  }
  return scratch;
}

}  // namespace inquest::pdb
