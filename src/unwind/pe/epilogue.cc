#include "unwind/pe/epilogue.h"

#include "base/cursor.h"

namespace inquest::unwind {
namespace {

namespace x64 = snapshot::x64;
using snapshot::Register;

constexpr uint8_t kRex = 0x40, kRexW = 8, kRexB = 1;

/// The instructions of an epilogue, read one after the other.
class Reader {
 public:
  explicit Reader(Bytes code) : cursor_(code, "epilogue") {}

  /// An instruction's optional REX prefix and its opcode.
  void begin() {
    start_ = cursor_.position();
    rex_ = 0;
    opcode_ = byte();
    if ((opcode_ & 0xf0) == kRex) {
      rex_ = opcode_;
      opcode_ = byte();
    }
  }
  void back() { cursor_.seek(start_); }
  uint8_t opcode() const { return opcode_; }
  bool wide() const { return rex_ & kRexW; }
  bool prefixed() const { return rex_ != 0; }
  Register register_of(uint8_t low) const {
    return x64_register(static_cast<uint8_t>(low | ((rex_ & kRexB) ? 8 : 0)));
  }
  uint8_t byte() { return cursor_.read<u8>(); }
  int64_t signed8() { return static_cast<int8_t>(byte()); }
  int64_t signed32() { return cursor_.read<sle32>(); }
  uint64_t position() const { return cursor_.position(); }
  bool failed() const { return cursor_.failed(); }

 private:
  Cursor cursor_;
  uint64_t start_ = 0;
  uint8_t rex_ = 0, opcode_ = 0;
};

/// add rsp, n; or lea rsp, [frame + n]. False when the instruction is neither, or damaged.
bool read_release(Reader& reader, EpilogueRest& rest, std::optional<Register> frame) {
  reader.begin();
  if (!reader.wide()) return false;
  uint8_t opcode = reader.opcode();
  if (opcode == 0x83 || opcode == 0x81) {
    if (reader.byte() != 0xc4) return false;
    rest.delta = opcode == 0x83 ? reader.signed8() : reader.signed32();
    return rest.delta >= 0;
  }
  if (opcode != 0x8d || !frame) return false;
  uint8_t modrm = reader.byte();
  uint8_t mode = modrm >> 6, rm = modrm & 7;
  if ((modrm >> 3 & 7) != 4 || (mode != 1 && mode != 2)) return false;
  if (rm == 4 && reader.byte() != 0x24) return false;  // r12 needs a SIB byte
  if (reader.register_of(rm) != *frame) return false;
  rest.base = *frame;
  rest.delta = mode == 1 ? reader.signed8() : reader.signed32();
  return true;
}

/// pop of any register but rsp.
bool read_pop(Reader& reader, EpilogueRest& rest) {
  reader.begin();
  if ((reader.opcode() & 0xf8) != 0x58 || rest.pop_count == EpilogueRest::kMostPops) return false;
  Register reg = reader.register_of(reader.opcode() & 7);
  if (reg == x64::rsp) return false;
  rest.popped[rest.pop_count++] = reg;
  return true;
}

/// ret, or a jump to elsewhere.
bool read_end(Reader& reader, EpilogueRest& rest, uint64_t rva) {
  reader.begin();
  uint8_t opcode = reader.opcode();
  if ((opcode == 0xf3 || opcode == 0xf2) && !reader.prefixed()) opcode = reader.byte();  // rep ret
  switch (opcode) {
    case 0xc3:
    case 0xc2:
      return true;
    case 0xeb:
    case 0xe9: {
      if (opcode != reader.opcode()) return false;
      int64_t distance = opcode == 0xeb ? reader.signed8() : reader.signed32();
      rest.target = rva + reader.position() + static_cast<uint64_t>(distance);
      return true;
    }
    case 0xff: {
      // Through memory at a fixed place; with REX.W, which marks it as an epilogue's, through any.
      uint8_t modrm = reader.byte();
      return modrm == 0x25 || (reader.wide() && (modrm >> 3 & 7) == 4);
    }
    default:
      return false;
  }
}

}  // namespace

Register x64_register(uint8_t number) {
  constexpr Register kOrder[] = {x64::rax, x64::rcx, x64::rdx, x64::rbx,
                                 x64::rsp, x64::rbp, x64::rsi, x64::rdi};
  return number < 8 ? kOrder[number] : static_cast<Register>(number & 15);
}

std::optional<EpilogueRest> read_epilogue(Bytes code, uint64_t rva, std::optional<Register> frame) {
  Reader reader(code);
  EpilogueRest rest;
  if (!read_release(reader, rest, frame)) {
    rest = {};
    reader.back();
  }
  while (read_pop(reader, rest)) {
  }
  reader.back();
  if (!read_end(reader, rest, rva) || reader.failed()) return {};
  return rest;
}

}  // namespace inquest::unwind
