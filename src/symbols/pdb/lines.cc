#include "symbols/pdb/lines.h"

#include <algorithm>

namespace inquest::symbols::pdb {
namespace {

enum Subsection : uint32_t {
  kLines = 0xf2,
  kChecksums = 0xf4,
  kInlineeLines = 0xf6,
  kCrossImports = 0xf7,
};
constexpr uint16_t kHaveColumns = 1;
/// "Never step into" and "hidden": code without a line of its own.
constexpr uint32_t kNoLine1 = 0xf00f00, kNoLine2 = 0xfeefee;

struct Fragment {
  le32 offset;
  le16 section, flags;
  le32 size;
};
struct Block {
  le32 file, lines, bytes;
};

template <class Each>
void each_subsection(Bytes c13, Each each) {
  Cursor cursor(c13, "C13 subsections");
  while (cursor.remaining() >= 8) {
    const uint32_t kind = cursor.read<le32>(), size = cursor.read<le32>();
    each(kind, cursor.take(std::min<uint64_t>(size, cursor.remaining())));
    if (cursor.remaining() < 4) break;
    cursor.align(4);
  }
}

/// One contribution of code; its lines stand in a block per file.
void read_fragment(const PdbFile& pdb, Cursor cursor, ModuleLines& out) {
  auto fragment = cursor.read<Fragment>();
  auto begin = pdb.rva(fragment.section, fragment.offset);
  if (cursor.failed() || !begin || fragment.size > UINT32_MAX - *begin) return;
  const uint32_t end = *begin + fragment.size;
  const size_t first = out.pieces.size();
  while (cursor.remaining() >= sizeof(Block)) {
    auto block = cursor.read<Block>();
    const bool columns = fragment.flags & kHaveColumns;
    if (!cursor.fits(block.lines, columns ? 12 : 8)) break;
    Cursor lines(cursor.take(uint64_t{block.lines} * 8));
    Cursor column(columns ? cursor.take(uint64_t{block.lines} * 4) : Bytes{});
    for (uint32_t i = 0; i < block.lines; ++i) {
      const uint32_t offset = lines.read<le32>(), flags = lines.read<le32>();
      LinePiece piece{.file = block.file, .line = flags & 0xffffff};
      if (piece.line == kNoLine1 || piece.line == kNoLine2) piece.line = 0;
      if (columns) {
        piece.column = column.read<le16>();
        column.read<le16>();
      }
      if (offset >= fragment.size) continue;
      piece.code = {*begin + offset, end};
      out.pieces.push_back(piece);
    }
  }
  auto from = out.pieces.begin() + static_cast<ptrdiff_t>(first);
  std::stable_sort(from, out.pieces.end(), [](const LinePiece& a, const LinePiece& b) {
    return a.code.begin < b.code.begin;
  });
  for (size_t i = first; i + 1 < out.pieces.size(); ++i) {
    out.pieces[i].code.end = out.pieces[i + 1].code.begin;
  }
}

void read_inlinees(Cursor cursor, ModuleLines& out) {
  const bool extra_files = cursor.read<le32>() == 1;
  while (cursor.remaining() >= 12) {
    const uint32_t id = cursor.read<le32>();
    InlineeLine line{cursor.read<le32>(), cursor.read<le32>()};
    if (extra_files) cursor.skip(uint64_t{cursor.count(4)} * 4);
    if (cursor.failed()) return;
    out.inlinees.try_emplace(id, line);
  }
}

}  // namespace

Bytes c13_of(const ModuleInfo& module, Bytes stream) {
  const uint64_t at = uint64_t{module.symbol_bytes} + module.c11_bytes;
  if (at > stream.size()) return {};
  return stream.subspan(at, std::min<size_t>(stream.size() - at, module.c13_bytes));
}

Bytes subsection(Bytes c13, uint32_t wanted) {
  Bytes found;
  each_subsection(c13, [&](uint32_t kind, Bytes bytes) {
    if (kind == wanted) found = bytes;
  });
  return found;
}

ModuleLines read_lines(const PdbFile& pdb, Bytes c13) {
  ModuleLines out;
  each_subsection(c13, [&](uint32_t kind, Bytes bytes) {
    if (kind == kLines) read_fragment(pdb, Cursor(bytes, "lines"), out);
    if (kind == kChecksums) out.checksums = bytes;
    if (kind == kInlineeLines) read_inlinees(Cursor(bytes, "lines of inlined functions"), out);
    if (kind == kCrossImports) out.imports = bytes;
  });
  std::stable_sort(
      out.pieces.begin(), out.pieces.end(),
      [](const LinePiece& a, const LinePiece& b) { return a.code.begin < b.code.begin; });
  return out;
}

std::string_view file_name(const PdbFile& pdb, Bytes checksums, uint32_t offset) {
  if (offset >= checksums.size()) return {};
  Cursor cursor(checksums.subspan(offset), "file checksums");
  const uint32_t name = cursor.read<le32>();
  return cursor.failed() ? std::string_view{} : pdb.string(name);
}

const LinePiece* line_at(const std::vector<LinePiece>& pieces, uint32_t rva) {
  auto after = std::upper_bound(pieces.begin(), pieces.end(), rva,
                                [](uint32_t at, const LinePiece& p) { return at < p.code.begin; });
  return after == pieces.begin() ? nullptr : &*std::prev(after);
}

}  // namespace inquest::symbols::pdb
