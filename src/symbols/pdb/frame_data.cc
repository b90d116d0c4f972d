#include "symbols/pdb/frame_data.h"

#include <deque>
#include <string>
#include <unordered_map>

#include "symbols/pdb/codeview.h"
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

constexpr uint16_t kX64 = 0x8664;
/// Of symbols that are read for the sizes of frames; beyond it the rest of a huge PDB is left out.
constexpr uint64_t kMostSymbolBytes = 512 << 20;

/// FRAMEPROCSYM of cvinfo.h.
struct ProcedureFrame {
  le32 frame_size, padding_size, padding_offset, saved_register_size, handler_offset;
  le16 handler_section;
  le32 flags;
};
static_assert(sizeof(ProcedureFrame) == 26);

struct Rules {
  std::shared_ptr<const pdb::PdbFile> pdb;  // owns the programs
  breakpad::FrameRules rules = {};
  std::deque<std::string> texts = {};  // own the rules that were made here
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

/// x64 code without its image has no unwind table; between prologue and epilogue the size of the
/// frame says where the return address is. Only of frames that save no registers is it known what
/// the size counts.
class ProcedureFrames {
 public:
  explicit ProcedureFrames(Rules& out) : out_(out) {}

  void read() {
    uint64_t total = 0;
    for (const pdb::ModuleInfo& module : out_.pdb->modules()) {
      if (module.stream == pdb::kNoStream16 || total > kMostSymbolBytes) continue;
      total += module.symbol_bytes;
      pdb::StreamBytes stream(out_.pdb->msf(), module.stream);
      Bytes all = stream.bytes();
      read_module(all.first(std::min<size_t>(all.size(), module.symbol_bytes)));
    }
  }

 private:
  void read_module(Bytes symbols) {
    pdb::ProcedureHead procedure = {};
    bool is_open = false;
    pdb::Records records(symbols, std::min<uint64_t>(4, symbols.size()));  // behind the signature
    for (pdb::Record r; records.next(r);) {
      Cursor cursor(r.data, "symbol record");
      if (pdb::is_procedure(r.kind)) {
        procedure = cursor.read<pdb::ProcedureHead>();
        is_open = !cursor.failed();
      } else if (r.kind == pdb::S_FRAMEPROC && is_open) {
        auto frame = cursor.read<ProcedureFrame>();
        if (!cursor.failed()) add(procedure, frame);
        is_open = false;
      }
    }
  }

  void add(const pdb::ProcedureHead& procedure, const ProcedureFrame& frame) {
    auto begin = out_.pdb->rva(procedure.section, procedure.offset);
    uint32_t from = procedure.debug_begin, to = procedure.debug_end;
    if (!begin || frame.saved_register_size != 0 || from >= to || to > procedure.size) return;
    auto [text, is_new] = texts_.try_emplace(frame.frame_size);
    if (is_new) {
      text->second = out_.texts.emplace_back(
          fmt::format(".cfa: $rsp {} + .ra: .cfa 8 - ^", uint64_t{frame.frame_size} + 8));
    }
    out_.rules.cfi.push_back(
        {.begin = uint64_t{*begin} + from, .size = to - from, .rules = text->second});
  }

  Rules& out_;
  std::unordered_map<uint32_t, std::string_view> texts_;
};

}  // namespace

std::shared_ptr<const breakpad::FrameRules> read_pdb_frame_rules(
    std::shared_ptr<const MappedFile> file) {
  auto pdb = pdb::PdbFile::open(std::move(file));
  if (!pdb) return nullptr;
  auto out = std::make_shared<Rules>(Rules{std::move(*pdb), {}});
  read_frame_data(*out);
  read_fpo(*out);
  if (out->pdb->machine() == kX64) ProcedureFrames(*out).read();
  if (out->rules.empty()) return nullptr;
  out->rules.sort();
  return {out, &out->rules};
}

}  // namespace inquest::symbols
