#include "format/pe/x64_unwind.h"

#include <array>

#include "base/cursor.h"

namespace inquest::pe {
namespace {

struct RawFunction {
  le32 begin, end, unwind_info;
};
struct RawInfo {
  u8 version_and_flags, prologue_size, code_slots, frame;
};
struct RawSlot {
  u8 offset, op_and_info;
  uint8_t op() const { return op_and_info & 15; }
  uint8_t info() const { return op_and_info >> 4; }
  uint16_t word() const { return static_cast<uint16_t>(offset | op_and_info << 8); }
};
static_assert(sizeof(RawFunction) == 12 && sizeof(RawInfo) == 4 && sizeof(RawSlot) == 2);

enum : uint8_t { kHandlers = 3, kChained = 4 };  // UNW_FLAG_EHANDLER | _UHANDLER, _CHAININFO
enum : uint8_t {
  kPush,
  kAllocLarge,
  kAllocSmall,
  kSetFrame,
  kSave,
  kSaveFar,
  kEpilogue,
  kSpare,
  kXmm,
  kXmmFar,
  kMachineFrame,
};

RuntimeFunction function_from(const RawFunction& raw) {
  return {.begin = raw.begin, .end = raw.end, .unwind_info = raw.unwind_info};
}

class CodeReader {
 public:
  CodeReader(Cursor& cursor, uint32_t slots) : cursor_(cursor), left_(slots) {}

  RawSlot next() {
    if (left_ == 0) {
      cursor_.error("an unwind code lacks its operand");
      return {};
    }
    --left_;
    return cursor_.read<RawSlot>();
  }
  bool more() const { return left_ != 0 && !cursor_.failed(); }
  uint32_t wide() {
    uint32_t low = next().word();
    return low | uint32_t{next().word()} << 16;
  }
  Cursor& cursor() { return cursor_; }

 private:
  Cursor& cursor_;
  uint32_t left_;
};

/// Epilogue codes come first, in pairs of slots. The first slot has their common size, and whether
/// one ends the function; each other slot a distance from the function's end.
std::optional<RawSlot> take_epilogues(CodeReader& reader, const RuntimeFunction& function,
                                      UnwindInfo& info) {
  uint32_t size = 0, slots = 0;
  while (reader.more()) {
    RawSlot slot = reader.next();
    if (slot.op() != kEpilogue && slots % 2 == 0) return slot;
    ++slots;
    if (slot.op() != kEpilogue) continue;  // padding
    uint32_t distance = slot.offset | uint32_t{slot.info()} << 8;
    if (slots == 1) {
      size = slot.offset;
      distance = slot.info() & 1 ? size : 0;
    }
    if (distance == 0 || distance > function.end - function.begin) continue;
    uint32_t begin = function.end - distance;
    info.epilogues.push_back({begin, begin + size});
  }
  return {};
}

void take_code(CodeReader& reader, RawSlot slot, UnwindInfo& info) {
  UnwindCode code{.prologue_offset = slot.offset, .reg = slot.info()};
  switch (slot.op()) {
    case kPush:
      break;
    case kAllocLarge:
      code.op = UnwindOp::alloc;
      if (slot.info() > 1) reader.cursor().error("an allocation of unknown form");
      code.value = slot.info() == 0 ? uint32_t{reader.next().word()} * 8 : reader.wide();
      break;
    case kAllocSmall:
      code.op = UnwindOp::alloc;
      code.value = slot.info() * 8u + 8;
      break;
    case kSetFrame:
      code.op = UnwindOp::set_frame;
      break;
    case kSave:
      code.op = UnwindOp::save;
      code.value = uint32_t{reader.next().word()} * 8;
      break;
    case kSaveFar:
      code.op = UnwindOp::save;
      code.value = reader.wide();
      break;
    case kXmm:
      code.op = UnwindOp::save_xmm;
      code.value = uint32_t{reader.next().word()} * 16;
      break;
    case kXmmFar:
      code.op = UnwindOp::save_xmm;
      code.value = reader.wide();
      break;
    // Of version 1: halves of xmm registers, which no compiler saves any more.
    case kEpilogue:
      reader.next();
      return;
    case kSpare:
      reader.wide();
      return;
    case kMachineFrame:
      code.op = UnwindOp::machine_frame;
      code.value = slot.info() & 1;
      break;
    default:
      reader.cursor().error(fmt::format("unknown unwind code {}", slot.op()));
      return;
  }
  info.codes.push_back(code);
}

/// As many bytes as a record can have: the header, 255 slots padded to even, what follows them.
constexpr uint64_t kLongestInfo = sizeof(RawInfo) + 256 * sizeof(RawSlot) + sizeof(RawFunction);

/// The bytes from `rva` on, at most `most`; fewer where the image ends.
Bytes some(const File& file, uint32_t rva, uint64_t most) {
  if (Bytes all = file.at(Rva{rva}, most); !all.empty()) return all;
  Bytes rest = file.from(Rva{rva});
  return rest.first(std::min<uint64_t>(rest.size(), most));
}

}  // namespace

std::optional<RuntimeFunction> find_function_x64(Bytes pdata, uint64_t rva) {
  size_t low = 0, high = pdata.size() / sizeof(RawFunction);
  auto entry = [&](size_t i) {
    return function_from(
        Cursor(pdata.subspan(i * sizeof(RawFunction), sizeof(RawFunction))).read<RawFunction>());
  };
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (entry(middle).begin <= rva) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  if (low == 0) return {};
  RuntimeFunction found = entry(low - 1);
  if (!found.contains(rva)) return {};
  return found;
}

Result<UnwindInfo> read_unwind_info(const File& file, const RuntimeFunction& function) {
  RuntimeFunction direct = function;
  // With the lowest bit set it is the RVA of another entry, whose data are shared.
  for (int i = 0; (direct.unwind_info & 1) && i < kLongestChain; ++i) {
    Cursor other(file.at(Rva{direct.unwind_info & ~1u}, sizeof(RawFunction)), "unwind data");
    direct = function_from(other.read<RawFunction>());
    TRY(other.finish());
  }
  Cursor cursor(some(file, direct.unwind_info, kLongestInfo), "unwind data", direct.unwind_info);
  auto raw = cursor.read<RawInfo>();
  UnwindInfo info{.version = static_cast<uint8_t>(raw.version_and_flags & 7),
                  .flags = static_cast<uint8_t>(raw.version_and_flags >> 3),
                  .prologue_size = raw.prologue_size,
                  .frame_register = static_cast<uint8_t>(raw.frame & 15),
                  .frame_offset = static_cast<uint32_t>(raw.frame >> 4) * 16};
  if (!cursor.failed() && info.version != 1 && info.version != 2) {
    cursor.error(fmt::format("unwind data of unknown version {}", info.version));
  }
  CodeReader reader(cursor, raw.code_slots);
  if (info.version == 2) {
    if (auto slot = take_epilogues(reader, function, info)) take_code(reader, *slot, info);
  }
  while (reader.more()) take_code(reader, reader.next(), info);
  if (raw.code_slots % 2) cursor.skip(sizeof(RawSlot));
  if (info.flags & kChained) {
    info.chained = function_from(cursor.read<RawFunction>());
  } else if (info.flags & kHandlers) {
    info.handler = Rva{cursor.read<le32>()};
  }
  if (auto ok = cursor.finish(); !ok) {
    Error error = ok.error();
    error.file = file.path();
    return fail(error);
  }
  return info;
}

std::optional<RuntimeFunction> primary_function(const File& file, RuntimeFunction function) {
  for (int i = 0; i < kLongestChain; ++i) {
    auto info = read_unwind_info(file, function);
    if (!info) return {};
    if (!info->chained) return function;
    function = *info->chained;
  }
  return {};
}

}  // namespace inquest::pe
