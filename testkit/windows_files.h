/// The smallest files that Windows' tools would take for their own: images, PDBs, archives.
///
/// Written from the formats' descriptions (Microsoft "PE Format", LLVM "The MSF File Format",
/// Microsoft "Cabinet Format", PKWARE APPNOTE); llvm-readobj, llvm-pdbutil and cabextract are the
/// second witnesses in the tests.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace inquest::testkit {

/// A GUID as 32 hex digits, as symbol stores write it, and the age.
struct BuildName {
  std::string guid = "3249D99D0C4049318610F4E4FB0B6936";
  uint32_t age = 1;
  std::string debug_id() const;  ///< GUID and age in hex
};

struct ImageSpec {
  uint16_t machine = 0x8664;
  uint32_t timestamp = 0x5ab38077;
  uint32_t image_size = 0x9000;
  uint32_t checksum = 0x1234;
  bool has_codeview = true;
  BuildName build = {};
  std::string pdb = "C:\\build\\crash.pdb";
};
std::string pe_image(const ImageSpec& spec);

struct PdbSpec {
  BuildName build = {};
  uint32_t info_age = 0;  ///< 0: the build's age
  uint32_t signature = 0x5ab38077;
  bool has_dbi = true;
  uint32_t block_size = 512;
  /// Empty ones behind, which make the directory long; its blocks must be listed in one block.
  unsigned more_streams = 0;
  /// Streams with names, and their content: "srcsrv", "sourcelink"...
  std::vector<std::pair<std::string, std::string>> named = {};
};
std::string pdb_file(const PdbSpec& spec);

/// A CAB with one file, by MSZIP, or stored.
std::string cabinet(std::string_view name, std::string_view content, bool packed);
/// A ZIP with one file, deflated.
std::string zip(std::string_view name, std::string_view content);

}  // namespace inquest::testkit
