#include "format/pe/arm64_unwind.h"

#include <algorithm>

#include "base/cursor.h"
#include "format/pe/arm64_codes.h"

namespace inquest::pe {
namespace {

struct RawArm64Function {
  le32 begin, unwind;
};
static_assert(sizeof(RawArm64Function) == 8);

constexpr uint32_t kInstruction = 4;

Result<Arm64Function> read_record(const File& file, uint32_t begin, uint32_t rva) {
  Cursor cursor(file.from(Rva{rva}), "unwind data", rva);
  uint32_t header = cursor.read<le32>();
  uint32_t version = header >> 18 & 3;
  bool has_handler = header >> 20 & 1, one_epilogue = header >> 21 & 1;
  uint32_t epilogues = header >> 22 & 31, words = header >> 27;
  if (epilogues == 0 && words == 0) {
    uint32_t extension = cursor.read<le32>();
    epilogues = extension & 0xffff;
    words = extension >> 16 & 0xff;
  }
  Arm64Function function{.begin = begin, .end = begin + (header & 0x3ffff) * kInstruction};
  if (!cursor.failed() && version != 0) {
    cursor.error(fmt::format("unwind data of unknown version {}", version));
  }
  struct Scope {
    uint32_t begin, first_byte;
  };
  std::vector<Scope> scopes;
  if (!one_epilogue && cursor.fits(epilogues, sizeof(le32))) {
    scopes.reserve(epilogues);
    for (uint32_t i = 0; i < epilogues; ++i) {
      uint32_t raw = cursor.read<le32>();
      scopes.push_back({begin + (raw & 0x3ffff) * kInstruction, raw >> 22});
    }
  }
  Arm64CodeList list = decode_arm64_codes(cursor.take(uint64_t{words} * 4));
  if (has_handler) function.handler = Rva{cursor.read<le32>()};
  if (auto ok = cursor.finish(); !ok) {
    Error error = ok.error();
    error.file = file.path();
    return fail(error);
  }
  auto index_of = [&](uint32_t byte) {
    auto at = std::lower_bound(list.offsets.begin(), list.offsets.end(), byte);
    return static_cast<size_t>(at - list.offsets.begin());
  };
  if (one_epilogue) {
    // It ends the function: its length tells where it begins.
    size_t first = index_of(epilogues), last = first;
    while (last < list.codes.size() && list.codes[last].op != Arm64Op::end &&
           list.codes[last].op != Arm64Op::end_chained) {
      ++last;
    }
    uint64_t length = (last - first + 1) * kInstruction;  // and the return
    if (length <= function.end - function.begin) {
      function.epilogues.push_back({static_cast<uint32_t>(function.end - length), first});
    }
  }
  for (const Scope& scope : scopes) {
    function.epilogues.push_back({scope.begin, index_of(scope.first_byte)});
  }
  std::stable_sort(function.epilogues.begin(), function.epilogues.end(),
                   [](const auto& a, const auto& b) { return a.begin < b.begin; });
  function.codes = std::move(list.codes);
  function.has_prologue =
      function.codes.empty() || function.codes.front().op != Arm64Op::end_chained;
  return function;
}

}  // namespace

Result<std::optional<Arm64Function>> find_function_arm64(const File& file, uint64_t rva) {
  Bytes pdata = file.exception_directory();
  auto entry = [&](size_t i) {
    return Cursor(pdata.subspan(i * sizeof(RawArm64Function), sizeof(RawArm64Function)))
        .read<RawArm64Function>();
  };
  size_t low = 0, high = pdata.size() / sizeof(RawArm64Function);
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (entry(middle).begin <= rva) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  if (low == 0) return std::nullopt;
  RawArm64Function raw = entry(low - 1);
  uint32_t kind = raw.unwind & 3;
  std::optional<Arm64Function> found;
  if (kind == 0) {
    found = TRY(read_record(file, raw.begin, raw.unwind));
  } else if (kind != 3) {
    found = expand_packed_arm64(raw.begin, raw.unwind);
  }
  if (!found || rva < found->begin || rva >= found->end) return std::nullopt;
  return found;
}

}  // namespace inquest::pe
