/// What a file says it is: its kind, and what tells its build from others. For judging candidates.
///
/// Reads the first bytes and little more, whatever the size. Values; thread-safe.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "format/pdb/identity.h"
#include "format/pe/identity.h"

namespace inquest::locate {

/// The first line of a Breakpad file: "MODULE windows x86 5A98...1 test_app.pdb".
struct SymModule {
  std::string os = {}, arch = {}, id = {}, name = {};
};
std::optional<SymModule> read_sym_module(Bytes file);
/// Whether it has functions or lines, and not only public symbols. Looks at the first part only.
bool sym_has_functions(Bytes file);

/// " Timestamp is 5ab38077 (...)" of the maps of MSVC and lld-link; absent in others.
std::optional<uint32_t> read_map_timestamp(Bytes file);

enum class FileKind : uint8_t { other, elf, pe, pdb, sym, map };
std::string_view name(FileKind kind);  ///< "image", "PDB", "symbols", ...

struct FileFacts {
  FileKind kind = FileKind::other;
  std::string build_id = {};     ///< of ELF: lower-case hex; may be empty
  std::string breakpad_id = {};  ///< of ELF: what Breakpad makes of it
  pe::Identity pe = {};
  pdb::Identity pdb = {};
  SymModule sym = {};
  std::optional<uint32_t> map_timestamp = {};
  std::string damage = {};  ///< why a file that begins as its kind cannot be used

  /// What an index of files has it under: "pdb:...", "pe:STAMPsize", "stamp:...", "id:GUID",
  /// "sym:...", all in lower case; ELF files by the bare build id
  /// and "bp:ID".
  std::vector<std::string> index_keys() const;
};
/// Not a regular file: FileKind::other. Cores are `other` too.
FileFacts read_facts(const std::string& path);

}  // namespace inquest::locate
