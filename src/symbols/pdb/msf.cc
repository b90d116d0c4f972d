#include "symbols/pdb/msf.h"

#include <algorithm>
#include <cstring>

namespace inquest::symbols::pdb {
namespace {

constexpr std::string_view kMagic{
    "Microsoft C/C++ MSF 7.00\r\n\x1a"
    "DS\0\0\0",
    32};
constexpr uint32_t kNoStream = 0xffffffff;
constexpr const char* kAdvice = "copy or download the PDB anew";

uint64_t blocks_for(uint64_t bytes, uint64_t block_size) {
  return (bytes + block_size - 1) / block_size;
}

}  // namespace

Result<std::shared_ptr<const Msf>> Msf::open(std::shared_ptr<const MappedFile> file) {
  std::shared_ptr<Msf> msf(new Msf(std::move(file)));
  auto read = msf->read_directory();
  if (read) return msf;
  Error error = std::move(read).error();
  error.file = msf->path();
  if (error.advice.empty()) error.advice = kAdvice;
  return fail(std::move(error));
}

Result<Bytes> Msf::directory(Cursor& superblock, uint64_t& block_count,
                             std::vector<std::byte>& scratch) {
  Bytes magic = superblock.take(kMagic.size());
  if (magic.empty() || std::memcmp(magic.data(), kMagic.data(), kMagic.size()) != 0) {
    return fail(Error{.what = "this is no PDB of version 7",
                      .offset = 0,
                      .advice = "PDBs of Visual C++ 6 and portable PDBs of .NET are not read"});
  }
  block_size_ = superblock.read<le32>();
  superblock.read<le32>();  // free block map
  block_count = superblock.read<le32>();
  const uint64_t directory_bytes = superblock.read<le32>();
  superblock.read<le32>();
  const uint64_t map_block = superblock.read<le32>();
  TRY(superblock.finish());
  if (block_size_ < 512 || block_size_ > 65536 || (block_size_ & (block_size_ - 1))) {
    return fail(Error{.what = "the size of blocks is none", .stream = "MSF header", .offset = 32});
  }
  // The last block may be cut short; what is missing then reads as missing.
  block_count = std::min(block_count, blocks_for(file_->bytes().size(), block_size_));
  Cursor map(file_->bytes(), "MSF block map");
  map.seek(map_block * block_size_);
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
  Cursor superblock(file_->bytes(), "MSF header");
  uint64_t block_count = 0;
  std::vector<std::byte> scratch;
  Cursor cursor(TRY(directory(superblock, block_count, scratch)), "MSF directory");
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
  Bytes file = file_->bytes();
  const uint64_t count = blocks_for(offset + n, block_size_);
  bool contiguous = true;
  for (uint64_t i = 1; i < count && contiguous; ++i) contiguous = blocks[i] == blocks[0] + i;
  const uint64_t begin = blocks[0] * block_size_ + offset;
  if (contiguous) {
    if (begin >= file.size()) return {};
    return file.subspan(begin, std::min<uint64_t>(n, file.size() - begin));
  }
  scratch.assign(n, std::byte{0});
  uint64_t done = 0;
  for (uint64_t i = 0; i < count; ++i) {
    const uint64_t from = blocks[i] * block_size_ + (i ? 0 : offset);
    uint64_t take = std::min(n - done, block_size_ - (i ? 0 : offset));
    if (from < file.size()) {
      std::memcpy(scratch.data() + done, file.data() + from,
                  std::min<uint64_t>(take, file.size() - from));
    }
    done += take;
  }
  return scratch;
}

}  // namespace inquest::symbols::pdb
