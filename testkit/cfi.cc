#include "testkit/cfi.h"

#include <cstring>

namespace inquest::testkit {

CfiProgram& CfiProgram::uleb(uint64_t value) {
  do {
    uint8_t low = value & 0x7f;
    value >>= 7;
    bytes_.push_back(value ? low | 0x80 : low);
  } while (value);
  return *this;
}
CfiProgram& CfiProgram::raw(std::initializer_list<uint8_t> bytes) {
  bytes_.insert(bytes_.end(), bytes);
  return *this;
}
CfiProgram& CfiProgram::block(std::span<const uint8_t> expression) {
  uleb(expression.size());
  bytes_.insert(bytes_.end(), expression.begin(), expression.end());
  return *this;
}

CfiProgram& CfiProgram::advance(unsigned delta) {
  if (delta < 0x40) return raw({static_cast<uint8_t>(0x40 | delta)});
  if (delta < 0x100) return raw({0x02, static_cast<uint8_t>(delta)});
  if (delta < 0x10000) {
    return raw({0x03, static_cast<uint8_t>(delta), static_cast<uint8_t>(delta >> 8)});
  }
  return raw({0x04, static_cast<uint8_t>(delta), static_cast<uint8_t>(delta >> 8),
              static_cast<uint8_t>(delta >> 16), static_cast<uint8_t>(delta >> 24)});
}
CfiProgram& CfiProgram::def_cfa(unsigned reg, uint64_t offset) {
  return raw({0x0c}).uleb(reg).uleb(offset);
}
CfiProgram& CfiProgram::def_cfa_register(unsigned reg) { return raw({0x0d}).uleb(reg); }
CfiProgram& CfiProgram::def_cfa_offset(uint64_t offset) { return raw({0x0e}).uleb(offset); }
CfiProgram& CfiProgram::def_cfa_expression(std::span<const uint8_t> expression) {
  return raw({0x0f}).block(expression);
}
CfiProgram& CfiProgram::offset(unsigned reg, uint64_t factored) {
  if (reg < 0x40) return raw({static_cast<uint8_t>(0x80 | reg)}).uleb(factored);
  return raw({0x05}).uleb(reg).uleb(factored);
}
CfiProgram& CfiProgram::val_offset(unsigned reg, uint64_t factored) {
  return raw({0x14}).uleb(reg).uleb(factored);
}
CfiProgram& CfiProgram::undefined(unsigned reg) { return raw({0x07}).uleb(reg); }
CfiProgram& CfiProgram::same_value(unsigned reg) { return raw({0x08}).uleb(reg); }
CfiProgram& CfiProgram::in_register(unsigned reg, unsigned other) {
  return raw({0x09}).uleb(reg).uleb(other);
}
CfiProgram& CfiProgram::expression(unsigned reg, std::span<const uint8_t> expression) {
  return raw({0x10}).uleb(reg).block(expression);
}
CfiProgram& CfiProgram::val_expression(unsigned reg, std::span<const uint8_t> expression) {
  return raw({0x16}).uleb(reg).block(expression);
}
CfiProgram& CfiProgram::restore(unsigned reg) { return raw({static_cast<uint8_t>(0xc0 | reg)}); }
CfiProgram& CfiProgram::args_size(uint64_t n) { return raw({0x2e}).uleb(n); }

void CfiSection::pointer(unsigned encoding, uint64_t value) {
  if ((encoding & 0x70) == 0x10) value -= vaddr_ + data_.size();
  switch (encoding & 0x0f) {
    case 0x00:
      pointer_size_ == 4 ? data_.u32(static_cast<uint32_t>(value)) : data_.u64(value);
      break;
    case 0x02:
    case 0x0a:
      data_.u16(static_cast<uint16_t>(value));
      break;
    case 0x03:
    case 0x0b:
      data_.u32(static_cast<uint32_t>(value));
      break;
    default:
      data_.u64(value);
      break;
  }
}

void CfiSection::close(size_t length_at) {
  while (data_.size() % pointer_size_) data_.u8(0);  // DW_CFA_nop
  data_.patch(length_at, data_.size() - length_at - 4, 4);
}

size_t CfiSection::cie(const CieSpec& spec) {
  size_t at = data_.size();
  cies_.push_back({at, spec});
  data_.u32(0).u32(eh_ ? 0 : 0xffffffff);
  data_.u8(static_cast<uint8_t>(spec.version)).c_string(spec.augmentation);
  if (spec.version >= 4) data_.u8(static_cast<uint8_t>(pointer_size_)).u8(0);
  data_.u8(static_cast<uint8_t>(spec.code_align));
  data_.u8(static_cast<uint8_t>(spec.data_align & 0x7f));  // fits one SLEB128 byte
  data_.u8(static_cast<uint8_t>(spec.return_column));
  if (spec.augmentation.starts_with('z')) {
    ByteBuilder extra;
    for (char letter : spec.augmentation) {
      if (letter == 'R') extra.u8(static_cast<uint8_t>(spec.pointer_encoding));
      if (letter == 'L') extra.u8(0x1b);
      if (letter == 'P') extra.u8(0x03).u32(0x1234);
    }
    data_.u8(static_cast<uint8_t>(extra.size())).bytes(extra.view());
  }
  data_.bytes(std::as_bytes(std::span(spec.program.bytes())));
  close(at);
  return at;
}

size_t CfiSection::fde(size_t cie, uint64_t begin, uint64_t length, const CfiProgram& program) {
  CieSpec spec;
  for (const Kept& kept : cies_) {
    if (kept.offset == cie) spec = kept.spec;
  }
  unsigned encoding = spec.augmentation.find('R') != std::string::npos ? spec.pointer_encoding : 0;
  size_t at = data_.size();
  fdes_.push_back({begin, at});
  data_.u32(0).u32(static_cast<uint32_t>(eh_ ? at + 4 - cie : cie));
  pointer(encoding, begin);
  pointer(encoding & 0x0f, length);
  if (spec.augmentation.starts_with('z')) {
    bool lsda = spec.augmentation.find('L') != std::string::npos;
    data_.u8(lsda ? 4 : 0);
    if (lsda) data_.u32(0);
  }
  data_.bytes(std::as_bytes(std::span(program.bytes())));
  close(at);
  return at;
}

CfiSection& CfiSection::end_mark() {
  data_.u32(0);
  return *this;
}

std::vector<std::byte> CfiSection::header(uint64_t vaddr) const {
  ByteBuilder out;
  out.u8(1).u8(0x1b).u8(0x03).u8(0x3b);
  out.u32(static_cast<uint32_t>(vaddr_ - (vaddr + 4)));
  out.u32(static_cast<uint32_t>(fdes_.size()));
  for (const Entry& entry : fdes_) {
    out.u32(static_cast<uint32_t>(entry.begin - vaddr));
    out.u32(static_cast<uint32_t>(vaddr_ + entry.offset - vaddr));
  }
  return out.take();
}

CieSpec x64_cie() {
  CieSpec spec;
  spec.program.def_cfa(7, 8).offset(16, 1);
  return spec;
}
CieSpec x86_cie() {
  CieSpec spec{.data_align = -4, .return_column = 8};
  spec.program.def_cfa(4, 4).offset(8, 1);
  return spec;
}
CieSpec arm64_cie() {
  CieSpec spec{.code_align = 4, .return_column = 30};
  spec.program.def_cfa(31, 0);
  return spec;
}

std::vector<std::byte> FrameImage::build(unsigned machine, unsigned pointer_size,
                                         std::span<const std::byte> code,
                                         const CfiSection& frames) {
  bool wide = pointer_size == 8;
  auto header = frames.header(kHeader);
  ByteBuilder out;
  auto word = [&](uint64_t v) { wide ? out.u64(v) : out.u32(static_cast<uint32_t>(v)); };
  out.u8(0x7f).text("ELF").u8(wide ? 2 : 1).u8(1).u8(1).zeros(9);
  out.u16(3).u16(static_cast<uint16_t>(machine)).u32(1);  // ET_DYN
  word(kCode);
  word(wide ? 64 : 52);  // program headers
  word(0);
  out.u32(0).u16(wide ? 64 : 52).u16(wide ? 56 : 32).u16(2).u16(0).u16(0).u16(0);
  auto segment = [&](uint32_t type, uint32_t flags, uint64_t at, uint64_t size) {
    out.u32(type);
    if (wide) out.u32(flags);
    word(at), word(at), word(at), word(size), word(size);
    if (!wide) out.u32(flags);
    word(0x1000);
  };
  segment(1, 5, 0, kSize);                         // PT_LOAD
  segment(0x6474e550, 4, kHeader, header.size());  // PT_GNU_EH_FRAME
  out.zeros(kCode - out.size()).bytes(code);
  out.zeros(kHeader - out.size()).bytes(header);
  out.zeros(kFrames - out.size()).bytes(frames.bytes());
  out.zeros(kSize - out.size());
  return out.take();
}

}  // namespace inquest::testkit
