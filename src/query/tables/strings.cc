// Text in used blocks, looked for while the query runs.
#include <algorithm>

#include "base/limits.h"
#include "objects/values/text_runs.h"
#include "query/sources.h"
#include "query/tables/tables.h"

namespace inquest::query {

using objects::find_text;
using objects::TextRun;

namespace {

enum StringColumn : size_t {
  kStringAddress,
  kInBlock,
  kInOffset,
  kBytes,
  kCharacters,
  kEncoding,
  kText
};

class StringsCursor : public Cursor {
 public:
  StringsCursor(Sources& sources, const Constraints& constraints)
      : sources_(sources), blocks_(sources.heaps().blocks), last_(blocks_.size()) {
    narrow(constraints.interval(kStringAddress));
    if (auto block = constraints.number(kInBlock)) narrow({*block, *block});
    if (constraints.impossible()) last_ = 0;
  }

  bool next() override {
    while (true) {
      if (auto found = find_text(bytes_, from_)) {
        run_ = *found;
        from_ = run_.begin + run_.bytes;
        if (is_pointer(run_)) continue;
        return true;
      }
      if (sources_.interrupted() || !next_piece()) return false;
    }
  }

  void cell(size_t column, Cell& out) override {
    Address at = piece_ + run_.begin;
    switch (column) {
      case kStringAddress:
        return out.address(at);
      case kInBlock:
        return out.address(blocks_[block_].address());
      case kInOffset:
        return out.integer(at - blocks_[block_].address());
      case kBytes:
        return out.integer(run_.bytes);
      case kCharacters:
        return out.integer(run_.characters);
      case kEncoding:
        return out.word(run_.encoding);
      case kText: {
        TextRun shown = run_;
        shown.bytes = std::min(shown.bytes, kLimits.string_bytes);
        return out.text(objects::text_of(bytes_, shown));
      }
    }
  }

  int64_t row() const override { return static_cast<int64_t>((piece_ + run_.begin).value); }

 private:
  /// To the blocks that reach into [least, most]; addresses of the upper half are not narrowed.
  void narrow(Interval wanted) {
    if (wanted.empty()) last_ = 0;
    auto begins = [](const heap::Block& block) { return uint64_t{block.begin}; };
    if (wanted.least > 0) {
      auto after =
          std::ranges::upper_bound(blocks_, static_cast<uint64_t>(wanted.least), {}, begins);
      if (after != blocks_.begin()) --after;
      next_ = std::max(next_, static_cast<size_t>(after - blocks_.begin()));
    }
    if (wanted.most >= 0 && wanted.least >= 0) {
      auto after =
          std::ranges::upper_bound(blocks_, static_cast<uint64_t>(wanted.most), {}, begins);
      last_ = std::min(last_, static_cast<size_t>(after - blocks_.begin()));
    }
  }

  /// The six low bytes of an address may all be printable; what leads into the process is a
  /// pointer.
  bool is_pointer(const TextRun& run) const {
    const uint64_t lead = (piece_ + run.begin).value % sizeof(uint64_t);
    if (lead + run.bytes > sizeof(uint64_t) || run.begin < lead) return false;
    auto word = sources_.snapshot().memory.read_pointer(piece_ + (run.begin - lead), 8);
    return word && sources_.snapshot().region_at(Address{*word});
  }

  /// The next bytes that lie together in a used block.
  bool next_piece() {
    const snapshot::Memory& memory = sources_.snapshot().memory;
    Address at = piece_ + bytes_.size();
    while (true) {
      if (in_block_ && at < blocks_[block_].range().end) {
        auto held = memory.next_held(at);
        if (held && *held < blocks_[block_].range().end) {
          piece_ = *held;
          bytes_ = memory.view(piece_, blocks_[block_].range().end - piece_);
          from_ = 0;
          if (!bytes_.empty()) return true;
        }
      }
      if (next_ >= last_ || sources_.interrupted()) return false;
      block_ = next_++;
      in_block_ = blocks_[block_].state() == heap::State::used;
      at = blocks_[block_].address();
    }
  }

  Sources& sources_;
  const std::vector<heap::Block>& blocks_;
  size_t next_ = 0, last_, block_ = 0;
  bool in_block_ = false;
  Address piece_ = {};
  Bytes bytes_ = {};
  size_t from_ = 0;
  TextRun run_ = {};
};

class StringsTable : public Table {
 public:
  StringsTable()
      : Table("strings",
              "text of 6 characters and more in used blocks: ASCII, UTF-8, UTF-16; found while the "
              "query runs",
              {{"address", Type::address, "of its first byte", Search::range},
               {"block", Type::address, "blocks.address", Search::equal, 2},
               {"offset", Type::integer, "in the block"},
               {"bytes", Type::integer, "that it takes"},
               {"characters", Type::integer, "that it has"},
               {"encoding", Type::text, "ascii, utf-8, utf-16"},
               {"text", Type::text, "the first 64 KiB of it"}}) {}

  std::unique_ptr<Cursor> open(Sources& sources, const Constraints& constraints) const override {
    return std::make_unique<StringsCursor>(sources, constraints);
  }
  double guessed_rows() const override { return 1e6; }
};

}  // namespace

std::unique_ptr<Table> strings_table() { return std::make_unique<StringsTable>(); }

}  // namespace inquest::query
