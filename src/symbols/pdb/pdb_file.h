/// A program database: its modules (object files), sections, strings.
///
/// Source: LLVM "The PDB File Format" (PDB info stream, DBI stream); microsoft-pdb. Reads the
/// headers and tables; module streams are read by who wants them. Damaged tables read as absent.
/// Immutable; safe from any thread.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/mapped_file.h"
#include "format/pdb/msf.h"
#include "symbols/intervals.h"

namespace inquest::symbols::pdb {

using inquest::pdb::Msf;
using inquest::pdb::StreamBytes;

inline constexpr uint16_t kNoStream16 = 0xffff;

/// One object file that was linked in.
struct ModuleInfo {
  std::string name;  ///< "C:\src\main.obj"
  uint16_t stream = kNoStream16;
  uint32_t symbol_bytes = 0;  ///< from the start of the stream
  uint32_t c11_bytes = 0, c13_bytes = 0;
};

struct SectionInfo {
  uint32_t rva = 0;
  uint32_t size = 0;
  bool executable = false;
};

/// Streams that the DBI stream names, by their place in its optional header.
enum class DebugStream : uint8_t {
  fpo = 0,
  omap_from_source = 4,
  sections = 5,
  new_fpo = 9,
  original_sections = 10
};

class PdbFile {
 public:
  static Result<std::shared_ptr<const PdbFile>> open(std::shared_ptr<const MappedFile> file);

  const Msf& msf() const { return *msf_; }
  uint16_t machine() const { return machine_; }  ///< IMAGE_FILE_MACHINE_*
  const std::vector<ModuleInfo>& modules() const { return modules_; }
  const std::vector<SectionInfo>& sections() const { return sections_; }
  /// Disjoint code; owner: the module's index.
  const std::vector<Interval>& contributions() const { return contributions_; }

  /// `section` counts from 1. Absent when it is none, or when the linker moved the code away.
  std::optional<uint32_t> rva(uint16_t section, uint64_t offset) const;
  /// End of the section that holds `rva`; `rva` itself when none does.
  uint32_t section_end(uint32_t rva) const;
  /// From the table of strings; empty when absent.
  std::string_view string(uint32_t offset) const;

  uint16_t publics_stream() const { return publics_stream_; }
  uint16_t globals_stream() const { return globals_stream_; }
  uint16_t records_stream() const { return records_stream_; }
  uint16_t debug_stream(DebugStream which) const {
    return debug_streams_[static_cast<size_t>(which)];
  }

 private:
  explicit PdbFile(std::shared_ptr<const Msf> msf) : msf_(std::move(msf)) {}
  void read_names(uint32_t stream);
  void read_dbi();
  void read_modules(Bytes bytes);
  void read_contributions(Bytes bytes);
  void read_sections();
  void read_omap();

  std::shared_ptr<const Msf> msf_;
  uint16_t machine_ = 0;
  std::vector<ModuleInfo> modules_;
  std::vector<SectionInfo> sections_;
  std::vector<Interval> section_ranges_;
  std::vector<Interval> contributions_;
  struct Moved {
    uint32_t from, to;
  };
  std::vector<Moved> omap_;  // sorted; empty: nothing was moved
  std::unique_ptr<StreamBytes> names_;
  Bytes strings_;
  uint16_t publics_stream_ = kNoStream16, globals_stream_ = kNoStream16;
  uint16_t records_stream_ = kNoStream16;
  std::array<uint16_t, 11> debug_streams_ = {};
};

}  // namespace inquest::symbols::pdb
