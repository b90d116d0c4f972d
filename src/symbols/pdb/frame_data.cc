#include "symbols/pdb/frame_data.h"

#include "symbols/pdb/pdb_file.h"

namespace inquest::symbols {
namespace {

using pdb::DebugStream;

/// FRAMEDATA of cvinfo.h: the stream that linkers call "new FPO".
struct FrameRecord {
  le32 rva, size, local_size, parameter_size, max_stack_size, program;
  le16 prologue_size, saved_register_size;
  le32 flags;
};
static_assert(sizeof(FrameRecord) == 32);

/// FPO_DATA of winnt.h. Sizes of locals and parameters are in words of 4 bytes.
struct FpoRecord {
  le32 rva, size, local_words;
  le16 parameter_words;
  u8 prologue_size;
  u8 flags;  ///< bits 0-2: saved registers, 3: SEH, 4: uses ebp, 6-7: kind of frame
};
static_assert(sizeof(FpoRecord) == 16);

struct Rules {
  std::shared_ptr<const pdb::PdbFile> pdb;  // owns the programs
  breakpad::FrameRules rules;
};

void read_frame_data(Rules& out) {
  pdb::StreamBytes stream(out.pdb->msf(), out.pdb->debug_stream(DebugStream::new_fpo));
  Cursor cursor(stream.bytes(), "frame data");
  while (cursor.remaining() >= sizeof(FrameRecord)) {
    auto r = cursor.read<FrameRecord>();
    out.rules.win.push_back({.begin = r.rva,
                             .size = r.size,
                             .prologue_size = r.prologue_size,
                             .parameter_size = r.parameter_size,
                             .saved_register_size = r.saved_register_size,
                             .local_size = r.local_size,
                             .max_stack_size = r.max_stack_size,
                             .program = out.pdb->string(r.program)});
  }
}

void read_fpo(Rules& out) {
  pdb::StreamBytes stream(out.pdb->msf(), out.pdb->debug_stream(DebugStream::fpo));
  Cursor cursor(stream.bytes(), "FPO data");
  while (cursor.remaining() >= sizeof(FpoRecord)) {
    auto r = cursor.read<FpoRecord>();
    out.rules.win.push_back({.begin = r.rva,
                             .size = r.size,
                             .prologue_size = r.prologue_size,
                             .parameter_size = r.parameter_words * 4u,
                             .saved_register_size = (r.flags & 7u) * 4u,
                             .local_size = r.local_words * 4u,
                             .allocates_base_pointer = (r.flags & 0x10) != 0});
  }
}

}  // namespace

std::shared_ptr<const breakpad::FrameRules> read_pdb_frame_rules(
    std::shared_ptr<const MappedFile> file) {
  auto pdb = pdb::PdbFile::open(std::move(file));
  if (!pdb) return nullptr;
  auto out = std::make_shared<Rules>(Rules{std::move(*pdb), {}});
  read_frame_data(*out);
  read_fpo(*out);
  if (out->rules.empty()) return nullptr;
  out->rules.sort();
  return {out, &out->rules};
}

}  // namespace inquest::symbols
