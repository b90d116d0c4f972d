#include <algorithm>

#include "symbols/pdb/codeview.h"
#include "symbols/pdb/unit_reader.h"

namespace inquest::symbols::pdb {
namespace {

/// Both records begin so; S_COMPILE2 counts its versions in three parts, S_COMPILE3 in four.
struct CompileHead {
  le32 flags;
  le16 machine;
};

std::string read_compiler(const Record& record) {
  Cursor cursor(record.data, "S_COMPILE3");
  cursor.read<CompileHead>();
  const int parts = record.kind == S_COMPILE3 ? 4 : 3;
  cursor.skip(static_cast<uint64_t>(parts) * 2);  // of the front end
  std::string version;
  for (int i = 0; i < parts; ++i) {
    version += fmt::format("{}{}", i ? "." : " ", uint16_t{cursor.read<le16>()});
  }
  std::string_view name = cursor.c_string();
  return cursor.failed() ? std::string{} : std::string(name) + version;
}

}  // namespace

std::string compiler_of(const PdbFile& pdb, uint32_t module) {
  const ModuleInfo& info = pdb.modules()[module];
  // It stands among the first records.
  constexpr uint64_t kHeadBytes = 4096;
  std::vector<std::byte> scratch;
  Bytes head =
      pdb.msf().read(info.stream, 0, std::min<uint64_t>(info.symbol_bytes, kHeadBytes), scratch);
  Records records(head, std::min<uint64_t>(4, head.size()));
  for (Record r; records.next(r);) {
    if (r.kind == S_COMPILE3 || r.kind == S_COMPILE2) return read_compiler(r);
  }
  return {};
}

}  // namespace inquest::symbols::pdb
