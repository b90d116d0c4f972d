/// The type (TPI) and id (IPI) records of a PDB by their index, read in pieces when asked.
///
/// Source: LLVM "The PDB TPI and IPI Streams". One thread at a time. Damaged parts read as absent.
#pragma once

#include <optional>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "symbols/pdb/codeview.h"
#include "symbols/pdb/pdb_file.h"

namespace inquest::symbols::pdb {

enum : uint32_t { kTpiStream = 2, kIpiStream = 4 };

class TypeRecords {
 public:
  TypeRecords(std::shared_ptr<const Msf> msf, uint32_t stream);

  /// Of an index at least `first_index()`; absent when there is none. Valid while this lives.
  std::optional<Record> at(uint32_t index);
  uint32_t first_index() const { return begin_; }
  uint32_t end_index() const { return end_; }

  /// Indices whose name may have this hash (hash_of_name); all have to be looked at.
  std::vector<uint32_t> with_hash(uint32_t hash);

 private:
  /// A run of records that is read at once.
  struct Piece {
    uint32_t first_index = 0, end_index = 0;
    uint64_t begin = 0, end = 0;  ///< in the stream
  };
  struct Loaded {
    std::vector<std::byte> scratch;
    Bytes bytes;
    std::vector<uint32_t> offsets;  ///< of the records
  };
  void read_pieces(uint32_t hash_stream, uint64_t offset, uint64_t size);
  const Loaded& load(uint32_t piece);

  std::shared_ptr<const Msf> msf_;
  uint32_t stream_;
  uint32_t begin_ = 0, end_ = 0;
  uint64_t records_begin_ = 0, records_end_ = 0;
  uint32_t hash_stream_ = 0, buckets_ = 0;
  uint64_t hashes_at_ = 0, hashes_size_ = 0;
  std::vector<Piece> pieces_;
  struct Bucket {
    uint32_t number, index;
  };
  std::vector<Bucket> buckets_of_;  // sorted; made when first asked
  std::unordered_map<uint32_t, Loaded> loaded_;
};

/// What the linker hashes names of types with. Source: microsoft-pdb, misc.h, LHashPbCb.
uint32_t hash_of_name(std::string_view name);

}  // namespace inquest::symbols::pdb
