#include "format/pe/arm64_codes.h"

#include "base/cursor.h"

namespace inquest::pe {
namespace {

constexpr uint8_t kX19 = 19, kFrame = 29, kLink = 30;

Arm64Code save_pair(unsigned reg, unsigned second, uint32_t offset) {
  return {.op = Arm64Op::save,
          .first = static_cast<uint8_t>(reg),
          .count = 2,
          .second = static_cast<uint8_t>(second),
          .value = offset};
}
Arm64Code save_one(unsigned reg, uint32_t offset) {
  return {.op = Arm64Op::save, .first = static_cast<uint8_t>(reg), .count = 1, .value = offset};
}
Arm64Code save_vector(uint32_t offset) { return {.op = Arm64Op::save, .value = offset}; }
Arm64Code advancing(Arm64Code code) {
  code.op = Arm64Op::save_advance;
  return code;
}
Arm64Code alloc(uint32_t bytes) { return {.op = Arm64Op::alloc, .value = bytes}; }

/// save_any_reg: 11100111 0pxrrrrr ffoooooo
Arm64Code any_register(uint32_t first, uint32_t second) {
  bool pair = first & 0x40, advances = first & 0x20;
  unsigned reg = first & 31, kind = second >> 6, offset = second & 63;
  if ((first & 0x80) || kind == 3) return {.op = Arm64Op::unknown};  // SVE's
  bool wide = advances || pair || kind == 2;
  uint32_t bytes = offset * (wide ? 16 : 8) + (advances ? 16 : 0);
  Arm64Code code = save_vector(bytes);
  if (kind == 0) code = pair ? save_pair(reg, reg + 1, bytes) : save_one(reg, bytes);
  return advances ? advancing(code) : code;
}

/// A code of two bytes, 0xc0..0xdf. The offsets z are in units of 8, pre-decrements one more.
Arm64Code two_bytes(uint32_t w) {
  uint32_t z6 = w & 0x3f, z5 = w & 0x1f;
  unsigned x4 = w >> 6 & 15, x3 = w >> 6 & 7, x4high = w >> 5 & 15;
  switch (w >> 10) {
    case 0x32:  // 110010: save_regp
      return save_pair(kX19 + x4, kX19 + x4 + 1, z6 * 8);
    case 0x33:  // 110011: save_regp_x
      return advancing(save_pair(kX19 + x4, kX19 + x4 + 1, z6 * 8 + 8));
    case 0x34:  // 110100: save_reg
      return save_one(kX19 + x4, z6 * 8);
    case 0x35:          // 110101
      if (w & 0x200) {  // save_lrpair
        return save_pair(kX19 + 2 * x3, kLink, z6 * 8);
      }
      return advancing(save_one(kX19 + x4high, z5 * 8 + 8));  // save_reg_x
    case 0x36:                                                // 110110: save_fregp, save_fregp_x
      return w & 0x200 ? advancing(save_vector(z6 * 8 + 8)) : save_vector(z6 * 8);
    case 0x37:                                         // 110111
      if (!(w & 0x200)) return save_vector(z6 * 8);    // save_freg
      if (w & 0x100) return {.op = Arm64Op::unknown};  // alloc_z: in units of the vector length
      return advancing(save_vector(z5 * 8 + 8));       // save_freg_x
    default:                                           // 11000xxx: alloc_m
      return alloc((w & 0x7ff) * 16);
  }
}

/// A code that begins with 0xe0 or more.
Arm64Code special(uint8_t byte, Cursor& cursor) {
  auto next = [&] { return uint32_t{cursor.read<u8>()}; };
  switch (byte) {
    case 0xe0: {
      uint32_t high = next(), middle = next(), low = next();
      return alloc((high << 16 | middle << 8 | low) * 16);
    }
    case 0xe1:
      return {.op = Arm64Op::set_frame};
    case 0xe2:
      return {.op = Arm64Op::add_frame, .value = next() * 8};
    case 0xe3:
      return {.op = Arm64Op::nop};
    case 0xe4:
      return {.op = Arm64Op::end};
    case 0xe5:
      return {.op = Arm64Op::end_chained};
    case 0xe6:
      return {.op = Arm64Op::save_next};
    case 0xe7: {
      uint32_t first = next();
      return any_register(first, next());
    }
    case 0xe9:
      return {.op = Arm64Op::machine_frame};
    case 0xea:
      return {.op = Arm64Op::context};
    case 0xec:  // CLEAR_UNWOUND_TO_CALL: for the system's unwinder only
      return {.op = Arm64Op::nop};
    case 0xfc:
      return {.op = Arm64Op::sign_link};
    default:
      return {.op = Arm64Op::unknown};
  }
}

Arm64Code one(Cursor& cursor) {
  auto byte = static_cast<uint8_t>(cursor.read<u8>());
  uint32_t low5 = byte & 0x1f, low6 = byte & 0x3f;
  if (byte < 0x20) return alloc(low5 * 16);                                   // alloc_s
  if (byte < 0x40) return advancing(save_pair(kX19, kX19 + 1, low5 * 8));     // save_r19r20_x
  if (byte < 0x80) return save_pair(kFrame, kLink, low6 * 8);                 // save_fplr
  if (byte < 0xc0) return advancing(save_pair(kFrame, kLink, low6 * 8 + 8));  // save_fplr_x
  if (byte < 0xe0) return two_bytes(uint32_t{byte} << 8 | uint32_t{cursor.read<u8>()});
  return special(byte, cursor);
}

}  // namespace

Arm64CodeList decode_arm64_codes(Bytes bytes) {
  Arm64CodeList list;
  Cursor cursor(bytes, "unwind codes");
  while (!cursor.at_end()) {
    auto at = static_cast<uint16_t>(cursor.position());
    Arm64Code code = one(cursor);
    if (cursor.failed()) break;
    list.codes.push_back(code);
    list.offsets.push_back(at);
  }
  return list;
}

Arm64Function expand_packed_arm64(uint32_t begin, uint32_t packed) {
  uint32_t flag = packed & 3, length = packed >> 2 & 0x7ff, float_field = packed >> 13 & 7;
  uint32_t ints = packed >> 16 & 15, homes = packed >> 20 & 1, chain = packed >> 21 & 3;
  uint32_t frame = (packed >> 23) * 16;
  uint32_t floats = float_field ? float_field + 1 : 0;
  uint32_t int_size = ints * 8 + (chain == 1 ? 8 : 0), float_size = floats * 8;
  uint32_t saved = (int_size + float_size + homes * 64 + 15) & ~15u;
  uint32_t local = frame > saved ? frame - saved : 0;

  // In the order of the prologue; turned round at the end.
  std::vector<Arm64Code> codes;
  // Whatever is stored first makes room for all that is saved.
  bool room = false;
  auto put = [&](Arm64Code code) {
    if (!room) {
      code.op = Arm64Op::save_advance;
      code.value = saved;
    }
    room = true;
    codes.push_back(code);
  };
  if (chain == 2) codes.push_back({.op = Arm64Op::sign_link});
  for (uint32_t i = 0; i < ints; i += 2) {
    bool last_alone = i + 1 == ints;
    if (!last_alone) {
      put(save_pair(kX19 + i, kX19 + i + 1, i * 8));
    } else if (chain == 1) {
      put(save_pair(kX19 + i, kLink, i * 8));
    } else {
      put(save_one(kX19 + i, i * 8));
    }
  }
  if (chain == 1 && ints % 2 == 0) put(save_one(kLink, int_size - 8));
  for (uint32_t i = 0; i < floats; i += 2) put(save_vector(int_size + i * 8));
  size_t before_homes = codes.size();
  for (uint32_t i = 0; i < homes * 4; ++i) {
    if (!room) {
      put(save_vector(0));
    } else {
      codes.push_back({.op = Arm64Op::nop});
    }
  }
  size_t home_codes = codes.size() - before_homes;
  bool frame_record = chain >= 2;
  constexpr uint32_t kShortPair = 512, kLargestSub = 4080;
  if (frame_record && local <= kShortPair) {
    codes.push_back(advancing(save_pair(kFrame, kLink, local)));
  } else {
    uint32_t first = std::min(local, kLargestSub);
    if (first) codes.push_back(alloc(first));
    if (local > first) codes.push_back(alloc(local - first));
    if (frame_record) codes.push_back(save_pair(kFrame, kLink, 0));
  }
  if (frame_record) codes.push_back({.op = Arm64Op::set_frame});

  Arm64Function function{.begin = begin, .end = begin + length * 4, .has_prologue = flag == 1};
  function.codes.assign(codes.rbegin(), codes.rend());
  function.codes.push_back({.op = Arm64Op::end});
  // The epilogue has no counterpart of the frame pointer's setting, nor of storing parameters; a
  // store of parameters that made room is one of the others.
  size_t undone = codes.size() - (frame_record ? 1 : 0) - home_codes;
  if (home_codes && before_homes == (chain == 2 ? 1u : 0u)) undone += 1;
  uint32_t epilogue = static_cast<uint32_t>(undone + 1) * 4;
  if (flag == 1 && epilogue <= length * 4) {  // a fragment has none
    // Its codes are listed apart where parameters are stored, which the epilogue leaves out.
    size_t first_code = frame_record ? 1 : 0;
    if (home_codes) {
      first_code = function.codes.size();
      for (size_t i = frame_record ? 1 : 0; i < codes.size(); ++i) {
        const Arm64Code& code = function.codes[i];
        if (code.op != Arm64Op::nop) function.codes.push_back(Arm64Code(code));
      }
      function.codes.push_back({.op = Arm64Op::end});
    }
    function.epilogues.push_back({function.end - epilogue, first_code});
  }
  return function;
}

}  // namespace inquest::pe
