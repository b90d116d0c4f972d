#include "symbols/cache/image.h"

#include <algorithm>
#include <cstring>
#include <xxhash.h>

#include "base/limits.h"

namespace inquest::symbols {

using namespace image;

namespace {
uint64_t hash_of(Bytes bytes) { return XXH64(bytes.data(), bytes.size(), 0); }

Symbol symbol_of(const SymbolRecord& record, std::string_view name) {
  return {.name = name,
          .address = record.address,
          .size = record.size,
          .is_function = (record.flags & kFunctionFlag) != 0,
          .is_export = (record.flags & kExportFlag) != 0};
}
}  // namespace

Image::Image(Bytes bytes, std::shared_ptr<const void> owner)
    : bytes_(bytes), owner_(std::move(owner)) {}

Result<std::unique_ptr<Image>> Image::open(Bytes bytes, std::shared_ptr<const void> owner,
                                           std::string path) {
  std::unique_ptr<Image> image(new Image(bytes, std::move(owner)));
  TRY(image->check(path).map([] { return 0; }));
  return image;
}

Result<> Image::check(const std::string& path) {
  auto bad = [&](std::string what) {
    return fail(Error{.what = std::move(what), .file = path, .stream = "symbol cache header"});
  };
  Cursor cursor(bytes_, "symbol cache header");
  header_ = cursor.read<Header>();
  if (cursor.failed()) return bad("the file is too short");
  if (header_.magic != kMagic) return bad("this is no symbol cache");
  if (header_.version != kVersion) return bad("the format is of another version");
  if (header_.file_size != bytes_.size()) return bad("the file's size is not the one recorded");
  if (header_.build_id_size > kBuildIdCapacity) return bad("the build id is too long");
  if (header_.header_hash != hash_of(bytes_.first(sizeof(Header) - 8))) {
    return bad("the header is damaged");
  }
  for (const Section& section : header_.sections) {
    if (section.offset < sizeof(Header) || section.offset > bytes_.size() ||
        section.size > bytes_.size() - section.offset) {
      return bad("a section lies outside the file");
    }
  }
  blocks_begin_ = sizeof(Header);
  const Section& table = header_.sections[kBlockHashes];
  if (table.offset < blocks_begin_) return bad("the block table is misplaced");
  uint64_t covered = table.offset - blocks_begin_;  // all but the header and the table itself
  block_count_ = (covered + kBlockSize - 1) / kBlockSize;
  if (table.size != 8 * block_count_) return bad("the block table is of the wrong size");
  if (header_.block_table_hash != hash_of(bytes_.subspan(table.offset, table.size))) {
    return bad("the block table is damaged");
  }
  verified_ = std::vector<std::atomic<uint8_t>>(block_count_);
  return {};
}

Bytes Image::build_id() const {
  return bytes_.subspan(offsetof(Header, build_id), header_.build_id_size);
}

bool Image::verify(uint64_t from, uint64_t to) const {
  if (from >= to) return true;
  const Section& table = header_.sections[kBlockHashes];
  for (uint64_t block = (from - blocks_begin_) / kBlockSize;
       block <= (to - 1 - blocks_begin_) / kBlockSize; ++block) {
    if (block >= block_count_) return false;
    if (verified_[block].load(std::memory_order_relaxed)) continue;
    uint64_t begin = blocks_begin_ + block * kBlockSize;
    uint64_t size = std::min<uint64_t>(kBlockSize, table.offset - begin);
    le64 expected;
    std::memcpy(&expected, bytes_.data() + table.offset + 8 * block, 8);
    if (hash_of(bytes_.subspan(begin, size)) != expected) {
      damaged_.store(true, std::memory_order_relaxed);
      return false;
    }
    verified_[block].store(1, std::memory_order_relaxed);
  }
  return true;
}

uint64_t Image::count(SectionIndex section, uint64_t record) const {
  return header_.sections[section].size / record;
}

uint64_t Image::left(SectionIndex section, uint64_t offset) const {
  uint64_t size = header_.sections[section].size;
  return offset < size ? size - offset : 0;
}

Bytes Image::view(SectionIndex section, uint64_t offset, uint64_t n) const {
  if (n > left(section, offset) || damaged()) return {};
  uint64_t from = header_.sections[section].offset + offset;
  if (!verify(from, from + n)) return {};
  return bytes_.subspan(from, n);
}

template <class T>
std::optional<T> Image::record(SectionIndex section, uint64_t index) const {
  if (index >= count(section, sizeof(T))) return {};
  Bytes raw = view(section, index * sizeof(T), sizeof(T));
  if (raw.empty()) return {};
  T value;
  std::memcpy(static_cast<void*>(&value), raw.data(), sizeof(T));
  return value;
}

template <class T>
std::optional<T> Image::holding(SectionIndex section, uint32_t rva) const {
  uint64_t low = 0, high = count(section, sizeof(T));
  std::optional<T> best;
  while (low < high) {
    uint64_t middle = low + (high - low) / 2;
    auto candidate = record<T>(section, middle);
    if (!candidate) return {};
    if (candidate->begin <= rva) {
      best = candidate;
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  if (best && rva >= best->end) best.reset();
  return best;
}

std::string_view Image::text(uint64_t offset) const {
  // Grows the view until the NUL is inside, so that only the blocks of the string are checked.
  for (uint64_t n = 256;; n *= 4) {
    uint64_t size = std::min(n, left(kStrings, offset));
    Bytes raw = view(kStrings, offset, size);
    if (raw.empty()) return {};
    const void* end = std::memchr(raw.data(), 0, raw.size());
    const char* begin = reinterpret_cast<const char*>(raw.data());
    if (end) return {begin, static_cast<size_t>(static_cast<const char*>(end) - begin)};
    if (size < n) return {};  // no terminator: damaged
  }
}

std::string_view Image::file(uint32_t index) const {
  auto offset = record<le32>(kFiles, index);
  return offset ? text(*offset) : std::string_view{};
}

void Image::set_name(ImageFrame& frame, uint32_t name) const {
  frame.is_linkage = name & kLinkageBit;
  frame.name = text(name & ~kLinkageBit);
}

std::optional<Image::Line> Image::line_at(uint32_t rva) const {
  auto block = holding<LineBlock>(kLineBlocks, rva);
  if (!block) return {};
  // A row is at most 3 numbers of 5 bytes and one of 10; a block never needs more.
  uint64_t size = std::min<uint64_t>(left(kLineRows, block->rows), kRowsPerBlock * 25 + 5);
  Cursor cursor(view(kLineRows, block->rows, size), "line rows");
  uint64_t rows = std::min<uint64_t>(cursor.uleb128(), kRowsPerBlock);
  uint64_t address = block->begin;
  uint32_t file_index = 0, line = 0, column = 0;
  bool any = false;
  for (uint64_t i = 0; i < rows; ++i) {
    uint64_t next = address + cursor.uleb128();
    if (i > 0 && next > rva) break;
    address = next;
    line += static_cast<uint32_t>(cursor.sleb128());
    file_index += static_cast<uint32_t>(cursor.sleb128());
    column = static_cast<uint32_t>(cursor.uleb128());
    any = true;
  }
  if (!any || cursor.failed()) return {};
  return Line{.file = file_index ? file(file_index - 1) : std::string_view{},
              .line = line,
              .column = column};
}

void Image::descend(uint32_t calls, uint32_t rva, uint32_t entry,
                    std::vector<ImageFrame>& chain) const {
  // The size of the tree stands before it.
  uint64_t head = std::min<uint64_t>(left(kCalls, calls), 10);
  Cursor size_cursor(view(kCalls, calls, head), "inlined calls");
  uint64_t size = size_cursor.uleb128();
  if (size_cursor.failed()) return;
  Cursor cursor(view(kCalls, calls + size_cursor.position(), size), "inlined calls");
  // A depth-first walk that skips the calls that do not hold the address: each byte is read once.
  while (!cursor.at_end()) {
    ImageFrame frame{.inlined = true};
    uint64_t name = cursor.uleb128();
    uint64_t file_index = cursor.uleb128();
    uint32_t line = static_cast<uint32_t>(cursor.uleb128());
    uint32_t column = static_cast<uint32_t>(cursor.uleb128());
    uint64_t parts = cursor.uleb128();
    uint64_t at = entry;
    bool holds = false;
    for (uint64_t i = 0; i < parts && !cursor.failed(); ++i) {
      at += static_cast<uint64_t>(cursor.sleb128());
      uint64_t end = at + cursor.uleb128();
      if (rva >= at && rva < end && !holds) {
        holds = true;
        frame.code = {static_cast<uint32_t>(at), static_cast<uint32_t>(end)};
      }
      at = end;
    }
    uint64_t inner = cursor.uleb128();
    if (cursor.failed()) return;
    if (!holds) {
      cursor.skip(inner);
      continue;
    }
    if (chain.size() >= kLimits.expression_steps) return;
    // The caller's place is the call's; ours is set by the next level, or by the line table.
    chain.back().file =
        file_index ? file(static_cast<uint32_t>(file_index - 1)) : std::string_view{};
    chain.back().line = line;
    chain.back().column = column;
    set_name(frame, static_cast<uint32_t>(name));
    chain.push_back(frame);
    cursor = Cursor(cursor.take(inner), "inlined calls");
  }
}

std::vector<ImageFrame> Image::frames_at(uint32_t rva) const {
  auto range = holding<FunctionRange>(kFunctionRanges, rva);
  if (!range) return {};
  auto function = record<FunctionRecord>(kFunctions, range->function);
  if (!function) return {};
  std::vector<ImageFrame> chain(1);
  chain[0].code = {function->entry, function->entry + function->size};
  set_name(chain[0], function->name);
  if (function->calls) descend(function->calls, rva, function->entry, chain);
  if (auto line = line_at(rva)) {
    chain.back().file = line->file;
    chain.back().line = line->line;
    chain.back().column = line->column;
  }
  std::reverse(chain.begin(), chain.end());
  if (damaged()) return {};
  return chain;
}

std::optional<Symbol> Image::symbol_at(uint32_t rva) const {
  auto range = holding<SymbolRange>(kSymbolRanges, rva);
  if (!range) return {};
  auto symbol = record<SymbolRecord>(kSymbols, range->symbol);
  if (!symbol) return {};
  return symbol_of(*symbol, text(symbol->name));
}

std::optional<Symbol> Image::find_symbol(std::string_view name) const {
  uint32_t wanted = static_cast<uint32_t>(XXH64(name.data(), name.size(), 0));
  uint64_t low = 0, high = count(kSymbolHashes, sizeof(SymbolHash));
  const uint64_t end = high;
  while (low < high) {
    uint64_t middle = low + (high - low) / 2;
    auto candidate = record<SymbolHash>(kSymbolHashes, middle);
    if (!candidate) return {};
    if (candidate->hash < wanted) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  for (int tries = 0; low < end && tries < 64; ++low, ++tries) {  // equal hashes are few
    auto candidate = record<SymbolHash>(kSymbolHashes, low);
    if (!candidate || candidate->hash != wanted) return {};
    auto symbol = record<SymbolRecord>(kSymbols, candidate->symbol);
    if (symbol && text(symbol->name) == name) {
      return symbol_of(*symbol, name);
    }
  }
  return {};
}

std::vector<CodeRange> Image::function_ranges() const {
  std::vector<CodeRange> out;
  for (uint64_t i = 0; i < count(kFunctionRanges, sizeof(FunctionRange)); ++i) {
    auto range = record<FunctionRange>(kFunctionRanges, i);
    if (!range) break;
    out.push_back({range->begin, range->end});
  }
  return out;
}

}  // namespace inquest::symbols
