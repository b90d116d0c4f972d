#include "symbols/cache/image_builder.h"

#include <algorithm>
#include <cstring>
#include <xxhash.h>

namespace inquest::symbols {

using namespace image;

namespace {

void put_uleb(std::vector<unsigned char>& out, uint64_t value) {
  do {
    unsigned char byte = value & 0x7f;
    value >>= 7;
    out.push_back(value ? byte | 0x80 : byte);
  } while (value);
}

void put_sleb(std::vector<unsigned char>& out, int64_t value) {
  for (bool more = true; more;) {
    unsigned char byte = value & 0x7f;
    value >>= 7;
    more = !((value == 0 && !(byte & 0x40)) || (value == -1 && (byte & 0x40)));
    out.push_back(more ? byte | 0x80 : byte);
  }
}

unsigned uleb_size(uint64_t value) {
  unsigned n = 1;
  while (value >>= 7) ++n;
  return n;
}

uint32_t flags_of(const Symbol& symbol) {
  return (symbol.is_function ? kFunctionFlag : 0u) | (symbol.is_export ? kExportFlag : 0u);
}

template <class T>
Bytes raw(const std::vector<T>& records) {
  return std::as_bytes(std::span(records));
}

}  // namespace

uint32_t ImageBuilder::name(const FunctionName& name) {
  uint32_t offset = strings_.intern(name.text);
  return name.is_linkage ? offset | kLinkageBit : offset;
}

void ImageBuilder::add(const UnitSymbols& unit) {
  unit_names_.clear();
  for (const FunctionName& n : unit.names) unit_names_.push_back(name(n));
  unit_files_.clear();
  for (const std::string& path : unit.files) {
    auto [slot, is_new] = file_index_.try_emplace(strings_.intern(path), files_.size());
    if (is_new) files_.push_back(slot->first);
    unit_files_.push_back(slot->second);
  }

  std::vector<Interval> claims;
  claims.reserve(unit.functions.size());
  for (uint32_t i = 0; i < unit.functions.size(); ++i) {
    const Function& f = unit.functions[i];
    for (uint32_t r = 0; r < f.code.count; ++r) {
      CodeRange range = unit.ranges[f.code.first + r];
      claims.push_back({range.begin, range.end, i});
    }
  }
  const auto base = static_cast<uint32_t>(functions_.size());
  for (const Interval& i : flatten(std::move(claims))) {
    function_ranges_.push_back({i.begin, i.end, base + i.owner});
  }
  for (const Function& f : unit.functions) {
    functions_.push_back({.name = f.name < unit_names_.size() ? unit_names_[f.name] : 0,
                          .entry = f.entry.begin,
                          .size = f.entry.end - f.entry.begin,
                          .calls = 0});
    add_calls(unit, f, functions_.size() - 1);
  }
  add_lines(unit);
}

void ImageBuilder::add_calls(const UnitSymbols& unit, const Function& function, size_t record) {
  const uint32_t n = function.call_count, first = function.first_call;
  if (n == 0) return;
  // Heads first; the size of what lies inside a call is known only from its last call backwards.
  scratch_.clear();
  std::vector<uint32_t> head_end(n);
  std::vector<uint64_t> inner(n + 1, 0);  // inner[n]: of the function itself
  for (uint32_t i = 0; i < n; ++i) {
    const InlinedCall& call = unit.calls[first + i];
    uint32_t name = unit_names_[call.name];
    put_uleb(scratch_, name);
    put_uleb(scratch_, call.file == kNone ? 0 : unit_files_[call.file] + 1);
    put_uleb(scratch_, call.line);
    put_uleb(scratch_, call.column);
    put_uleb(scratch_, call.code.count);
    int64_t at = function.entry.begin;
    for (uint32_t r = 0; r < call.code.count; ++r) {
      CodeRange range = unit.ranges[call.code.first + r];
      put_sleb(scratch_, int64_t{range.begin} - at);
      put_uleb(scratch_, range.end - range.begin);
      at = range.end;
    }
    head_end[i] = static_cast<uint32_t>(scratch_.size());
  }
  for (uint32_t i = n; i-- > 0;) {
    uint32_t head = head_end[i] - (i ? head_end[i - 1] : 0);
    uint32_t parent = unit.calls[first + i].parent;
    uint64_t size = head + uleb_size(inner[i]) + inner[i];
    inner[parent == kNone ? n : parent - first] += size;
  }
  if (calls_.size() + inner[n] > 0xfffffff0u) return;  // 4 GiB of inlined calls: leave them out
  functions_[record].calls = static_cast<uint32_t>(calls_.size());
  put_uleb(calls_, inner[n]);
  for (uint32_t i = 0; i < n; ++i) {
    uint32_t begin = i ? head_end[i - 1] : 0;
    calls_.insert(calls_.end(), scratch_.begin() + begin, scratch_.begin() + head_end[i]);
    put_uleb(calls_, inner[i]);
  }
}

void ImageBuilder::add_lines(const UnitSymbols& unit) {
  for (const LineRun& run : unit.runs) {
    for (uint32_t begin = 0; begin < run.count; begin += kRowsPerBlock) {
      uint32_t n = std::min(run.count - begin, kRowsPerBlock);
      if (line_rows_.size() > 0xffff0000u) return;
      const LineRow* rows = unit.rows.data() + run.first + begin;
      bool last = begin + n == run.count;
      line_blocks_.push_back({.begin = rows[0].address,
                              .end = last ? run.code.end : rows[n].address,
                              .rows = static_cast<uint32_t>(line_rows_.size())});
      put_uleb(line_rows_, n);
      uint32_t address = rows[0].address, line = 0, file = 0;
      for (uint32_t i = 0; i < n; ++i) {
        uint32_t next_file = rows[i].file == kNone ? 0 : unit_files_[rows[i].file] + 1;
        put_uleb(line_rows_, rows[i].address - address);
        put_sleb(line_rows_, int64_t{rows[i].line} - line);
        put_sleb(line_rows_, int64_t{next_file} - file);
        put_uleb(line_rows_, rows[i].column);
        address = rows[i].address;
        line = rows[i].line;
        file = next_file;
      }
    }
  }
}

void ImageBuilder::add(const std::vector<Symbol>& symbols, const std::vector<Interval>& ranges) {
  for (const Interval& r : ranges) symbol_ranges_.push_back({r.begin, r.end, r.owner});
  for (uint32_t i = 0; i < symbols.size(); ++i) {
    const Symbol& s = symbols[i];
    symbols_.push_back({s.address, s.size, strings_.intern(s.name), flags_of(s)});
    auto hash = static_cast<uint32_t>(XXH64(s.name.data(), s.name.size(), 0));
    symbol_hashes_.push_back({hash, i});
  }
  std::sort(symbol_hashes_.begin(), symbol_hashes_.end(),
            [](const SymbolHash& a, const SymbolHash& b) {
              return a.hash != b.hash ? a.hash < b.hash : a.symbol < b.symbol;
            });
  // One entry a name: the symbols come best first.
  auto same = [&](const SymbolHash& a, const SymbolHash& b) {
    return a.hash == b.hash && symbols_[a.symbol].name == symbols_[b.symbol].name;
  };
  symbol_hashes_.erase(std::unique(symbol_hashes_.begin(), symbol_hashes_.end(), same),
                       symbol_hashes_.end());
}

std::vector<Bytes> ImageBuilder::finish(Bytes build_id, uint32_t sources) {
  auto by_begin = [](const auto& a, const auto& b) { return a.begin < b.begin; };
  std::sort(function_ranges_.begin(), function_ranges_.end(), by_begin);
  std::sort(line_blocks_.begin(), line_blocks_.end(), by_begin);
  std::sort(symbol_ranges_.begin(), symbol_ranges_.end(), by_begin);

  const std::string& text = strings_.bytes();
  Bytes parts[kSectionCount] = {};
  parts[kFunctionRanges] = raw(function_ranges_);
  parts[kFunctions] = raw(functions_);
  parts[kCalls] = raw(calls_);
  parts[kLineBlocks] = raw(line_blocks_);
  parts[kLineRows] = raw(line_rows_);
  parts[kFiles] = raw(files_);
  parts[kSymbolRanges] = raw(symbol_ranges_);
  parts[kSymbols] = raw(symbols_);
  parts[kSymbolHashes] = raw(symbol_hashes_);
  parts[kStrings] = std::as_bytes(std::span(text.data(), text.size()));

  XXH64_state_t* state = XXH64_createState();
  XXH64_reset(state, 0);
  uint64_t in_block = 0;
  for (unsigned s = 0; s < kBlockHashes; ++s) {
    for (Bytes rest = parts[s]; !rest.empty();) {
      uint64_t n = std::min<uint64_t>(rest.size(), kBlockSize - in_block);
      XXH64_update(state, rest.data(), n);
      rest = rest.subspan(n);
      in_block += n;
      if (in_block == kBlockSize) {
        block_hashes_.push_back(XXH64_digest(state));
        XXH64_reset(state, 0);
        in_block = 0;
      }
    }
  }
  if (in_block) block_hashes_.push_back(XXH64_digest(state));
  XXH64_freeState(state);
  parts[kBlockHashes] = raw(block_hashes_);

  header_ = {};
  header_.magic = kMagic;
  header_.version = kVersion;
  header_.sources = sources;
  uint64_t at = sizeof(Header);
  for (unsigned s = 0; s < kSectionCount; ++s) {
    header_.sections[s] = {at, parts[s].size()};
    at += parts[s].size();
  }
  header_.file_size = at;
  auto id_size = std::min<size_t>(build_id.size(), kBuildIdCapacity);
  header_.build_id_size = static_cast<uint8_t>(id_size);
  if (id_size) std::memcpy(header_.build_id.data(), build_id.data(), id_size);
  header_.block_table_hash = XXH64(parts[kBlockHashes].data(), parts[kBlockHashes].size(), 0);
  header_.header_hash = XXH64(&header_, sizeof(Header) - 8, 0);

  std::vector<Bytes> file;
  file.push_back(std::as_bytes(std::span(&header_, 1)));
  file.insert(file.end(), std::begin(parts), std::end(parts));
  return file;
}

}  // namespace inquest::symbols
