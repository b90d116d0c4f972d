#include "symbols/pdb/inline_site.h"

#include <algorithm>

namespace inquest::symbols::pdb {
namespace {

enum Opcode : uint32_t {
  kInvalid = 0,  ///< padding
  kCodeOffset = 1,
  kChangeCodeOffsetBase = 2,
  kChangeCodeOffset = 3,
  kChangeCodeLength = 4,
  kChangeFile = 5,
  kChangeLineOffset = 6,
  kChangeLineEndDelta = 7,
  kChangeRangeKind = 8,
  kChangeColumnStart = 9,
  kChangeColumnEndDelta = 10,
  kChangeCodeOffsetAndLineOffset = 11,
  kChangeCodeLengthAndCodeOffset = 12,
  kChangeColumnEnd = 13,
};

/// One, two or four bytes, big-endian, by the first bits.
uint32_t compressed(Cursor& cursor) {
  const uint32_t first = cursor.read<u8>();
  if ((first & 0x80) == 0) return first;
  const uint32_t second = cursor.read<u8>();
  if ((first & 0xc0) == 0x80) return (first & 0x3f) << 8 | second;
  const uint32_t third = cursor.read<u8>(), fourth = cursor.read<u8>();
  if ((first & 0xe0) != 0xc0) cursor.error("annotation of unknown length");
  return (first & 0x1f) << 24 | second << 16 | third << 8 | fourth;
}

int32_t as_signed(uint32_t value) {
  const auto magnitude = static_cast<int32_t>(value >> 1);
  return value & 1 ? -magnitude : magnitude;
}

/// The state that annotations change; a row begins where the code offset changes.
class AnnotationReader {
 public:
  AnnotationReader(CodeRange function, InlineeLine start) : function_(function) {
    now_.file = start.file;
    now_.line = start.line;
  }

  std::vector<LinePiece> read(Bytes annotations);

 private:
  void begin_row();
  void end_row(uint64_t at);
  void apply(uint32_t opcode, Cursor& cursor);

  CodeRange function_;
  uint64_t offset_ = 0;  // from the function's begin
  LinePiece now_;
  bool is_open_ = false;
  uint64_t open_at_ = 0;
  LinePiece open_;
  std::vector<LinePiece> out_;
};

void AnnotationReader::end_row(uint64_t at) {
  if (!is_open_) return;
  is_open_ = false;
  const uint64_t size = function_.end - function_.begin;
  at = std::min(at, size);
  if (open_at_ >= at) return;
  open_.code = {function_.begin + static_cast<uint32_t>(open_at_),
                function_.begin + static_cast<uint32_t>(at)};
  out_.push_back(open_);
}

void AnnotationReader::begin_row() {
  end_row(offset_);
  open_ = now_;
  open_at_ = offset_;
  is_open_ = true;
}

void AnnotationReader::apply(uint32_t opcode, Cursor& cursor) {
  const uint32_t value = compressed(cursor);
  if (cursor.failed()) return;
  switch (opcode) {
    case kCodeOffset:
      offset_ = value;
      begin_row();
      break;
    case kChangeCodeOffset:
      offset_ += value;
      begin_row();
      break;
    case kChangeCodeLength:
      end_row(open_at_ + value);
      offset_ += value;
      break;
    case kChangeFile:
      now_.file = value;
      break;
    case kChangeLineOffset:
      now_.line += static_cast<uint32_t>(as_signed(value));
      break;
    case kChangeColumnStart:
      now_.column = value;
      break;
    case kChangeCodeOffsetAndLineOffset:
      now_.line += static_cast<uint32_t>(as_signed(value >> 4));
      offset_ += value & 0xf;
      begin_row();
      break;
    case kChangeCodeLengthAndCodeOffset:
      offset_ += compressed(cursor);
      begin_row();
      end_row(offset_ + value);
      break;
    default:
      break;
  }
}

std::vector<LinePiece> AnnotationReader::read(Bytes annotations) {
  Cursor cursor(annotations, "S_INLINESITE");
  while (!cursor.at_end()) {
    const uint32_t opcode = compressed(cursor);
    if (opcode == kInvalid || opcode > kChangeColumnEnd) break;
    apply(opcode, cursor);
  }
  end_row(open_at_ + 1);
  auto by_begin = [](const LinePiece& a, const LinePiece& b) {
    return a.code.begin < b.code.begin;
  };
  std::stable_sort(out_.begin(), out_.end(), by_begin);
  return std::move(out_);
}

}  // namespace

std::vector<LinePiece> read_annotations(Bytes annotations, CodeRange function, InlineeLine start) {
  return AnnotationReader(function, start).read(annotations);
}

}  // namespace inquest::symbols::pdb
