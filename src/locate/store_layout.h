/// Where a file lies in a symbol store: NAME/ID/FILE, as SymSrv, SSQP and Breakpad lay them out.
///
///   crash.pdb/3249D99D0C4049318610F4E4FB0B69361/crash.pdb   a PDB, by GUID and age
///   crash.exe/5AB380779000/crash.exe                        an image, by time stamp and size
///   crash.pdb/3249D99D0C4049318610F4E4FB0B69361/crash.sym   Breakpad's text
/// A store with index2.txt has the first two letters of NAME as a folder above; SSQP writes all in
/// lower case. FILE may be packed ("crash.pd_", a CAB) or be a pointer ("file.ptr").
/// Source: Microsoft "SymStore", "SSQP Key Conventions"; Breakpad "symbol_files". Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/integers.h"
#include "snapshot/snapshot.h"

namespace inquest::locate {

struct StoreKey {
  std::string name;  ///< "crash.pdb"
  std::string id;    ///< "3249...1"; letters and digits
  std::string file;  ///< "crash.pdb", "crash.sym"

  std::string relative() const { return name + "/" + id + "/" + file; }
};

/// What the module of a dump asks for; absent when the dump does not say enough, or says names that
/// are no names of files.
std::optional<StoreKey> pdb_key(std::string_view pdb, std::string_view debug_id);
std::optional<StoreKey> sym_key(std::string_view debug_file, std::string_view debug_id);
std::optional<StoreKey> image_key(std::string_view image, uint32_t timestamp, uint32_t image_size);

/// The last component, whichever slashes there are.
std::string_view base_name(std::string_view path);
std::string lower_case(std::string_view text);
bool same_file_name(std::string_view a, std::string_view b);  ///< case does not matter
/// "crash.pdb" -> "crash"; only the last suffix goes.
std::string_view stem(std::string_view file_name);

/// Paths of the key below a store's root, likeliest first.
std::vector<std::string> store_paths(const StoreKey& key, bool three_level);
/// "crash.pd_"; empty for names too short to be packed.
std::string packed_name(std::string_view file);

/// The id that Breakpad gives an ELF file: the first 16 bytes of its build id as a GUID, and "0".
std::string breakpad_id(Bytes build_id);
/// Case does not matter.
bool same_id(std::string_view a, std::string_view b);

}  // namespace inquest::locate
