#include "symbols/pdb/type_records.h"

#include <algorithm>

namespace inquest::symbols::pdb {
namespace {

struct TpiHeader {
  le32 version, header_size, begin, end, record_bytes;
  le16 hash_stream, hash_aux_stream;
  le32 hash_key_size, buckets;
  le32 hashes_offset, hashes_size, index_offset, index_size, adjusters_offset, adjusters_size;
};
static_assert(sizeof(TpiHeader) == 56);

constexpr uint32_t kFirstIndex = 0x1000;
constexpr uint64_t kSmallestRecord = 4;

}  // namespace

TypeRecords::TypeRecords(std::shared_ptr<const Msf> msf, uint32_t stream)
    : msf_(std::move(msf)), stream_(stream) {
  std::vector<std::byte> scratch;
  Cursor cursor(msf_->read(stream, 0, sizeof(TpiHeader), scratch), "TPI header");
  auto header = cursor.read<TpiHeader>();
  if (cursor.failed() || header.begin < kFirstIndex || header.end < header.begin) return;
  records_begin_ = header.header_size;
  records_end_ = std::min(msf_->size(stream), records_begin_ + header.record_bytes);
  if (records_begin_ > records_end_) return;
  begin_ = header.begin;
  end_ = header.end;
  if (end_ - begin_ > (records_end_ - records_begin_) / kSmallestRecord) {
    end_ = begin_ + static_cast<uint32_t>((records_end_ - records_begin_) / kSmallestRecord);
  }
  hash_stream_ = header.hash_stream;
  if (header.hash_key_size == 4) {
    buckets_ = header.buckets;
    hashes_at_ = header.hashes_offset;
    hashes_size_ = header.hashes_size;
  }
  read_pieces(header.hash_stream, header.index_offset, header.index_size);
}

/// Pairs of an index and the offset of its record, ascending; without them all is one piece.
void TypeRecords::read_pieces(uint32_t hash_stream, uint64_t offset, uint64_t size) {
  std::vector<std::byte> scratch;
  Cursor cursor(msf_->read(hash_stream, offset, size, scratch), "TPI index offsets");
  const uint64_t record_bytes = records_end_ - records_begin_;
  pieces_.push_back({begin_, end_, records_begin_, records_end_});
  while (cursor.remaining() >= 8) {
    const uint32_t index = cursor.read<le32>();
    const uint64_t at = cursor.read<le32>();
    Piece& last = pieces_.back();
    if (index <= last.first_index || index >= end_ || at >= record_bytes ||
        records_begin_ + at <= last.begin) {
      continue;
    }
    last.end_index = index;
    last.end = records_begin_ + at;
    pieces_.push_back({index, end_, last.end, records_end_});
  }
}

const TypeRecords::Loaded& TypeRecords::load(uint32_t number) {
  auto [slot, is_new] = loaded_.try_emplace(number);
  Loaded& loaded = slot->second;
  if (!is_new) return loaded;
  const Piece& piece = pieces_[number];
  loaded.bytes = msf_->read(stream_, piece.begin, piece.end - piece.begin, loaded.scratch);
  Records records(loaded.bytes);
  const uint32_t most = piece.end_index - piece.first_index;
  for (Record r; loaded.offsets.size() < most && records.next(r);) {
    loaded.offsets.push_back(static_cast<uint32_t>(r.offset));
  }
  return loaded;
}

std::optional<Record> TypeRecords::at(uint32_t index) {
  if (index < begin_ || index >= end_ || pieces_.empty()) return {};
  auto after = std::upper_bound(pieces_.begin(), pieces_.end(), index,
                                [](uint32_t i, const Piece& p) { return i < p.first_index; });
  const auto number = static_cast<uint32_t>(std::prev(after) - pieces_.begin());
  const Loaded& loaded = load(number);
  const uint32_t within = index - pieces_[number].first_index;
  if (within >= loaded.offsets.size()) return {};
  Record record;
  if (!Records(loaded.bytes, loaded.offsets[within]).next(record)) return {};
  return record;
}

std::vector<uint32_t> TypeRecords::with_hash(uint32_t hash) {
  std::vector<uint32_t> found;
  if (buckets_ == 0) return found;
  auto before = [](const Bucket& a, const Bucket& b) {
    return a.number != b.number ? a.number < b.number : a.index < b.index;
  };
  if (buckets_of_.empty()) {
    std::vector<std::byte> scratch;
    Cursor cursor(msf_->read(hash_stream_, hashes_at_, hashes_size_, scratch), "TPI hashes");
    for (uint32_t index = begin_; index < end_ && cursor.remaining() >= 4; ++index) {
      buckets_of_.push_back({cursor.read<le32>(), index});
    }
    std::sort(buckets_of_.begin(), buckets_of_.end(), before);
  }
  const uint32_t wanted = hash % buckets_;
  auto at = std::lower_bound(buckets_of_.begin(), buckets_of_.end(), Bucket{wanted, 0}, before);
  for (; at != buckets_of_.end() && at->number == wanted; ++at) found.push_back(at->index);
  return found;
}

uint32_t hash_of_name(std::string_view name) {
  uint32_t hash = 0;
  Cursor cursor(std::as_bytes(std::span(name.data(), name.size())));
  while (cursor.remaining() >= 4) hash ^= cursor.read<le32>();
  if (cursor.remaining() >= 2) hash ^= cursor.read<le16>();
  if (cursor.remaining() >= 1) hash ^= cursor.read<u8>();
  hash |= 0x20202020;
  hash ^= hash >> 11;
  return hash ^ (hash >> 16);
}

}  // namespace inquest::symbols::pdb
