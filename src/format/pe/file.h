/// A Windows image (PE32, PE32+): bytes -> headers, sections, exports, unwind data, identity.
///
/// From a file on disk, or from the image as it lay in memory (RVA = offset, parts may be missing).
/// Source: Microsoft "PE Format"; "x64 exception handling"; "ARM64 exception handling". Every count
/// and offset is a claim that is checked. Owns (shares) its bytes; everything returned is borrowed
/// and valid while the File lives. Immutable after parsing; safe from any thread.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/address.h"
#include "base/error.h"
#include "base/integers.h"
#include "base/mapped_file.h"

namespace inquest::pe {

enum class Machine : uint16_t { x86 = 0x14c, x64 = 0x8664, arm = 0x1c4, arm64 = 0xaa64 };

struct Section {
  std::string name;  ///< long names of mingw images are looked up ("/4" -> ".debug_info")
  uint32_t rva = 0;
  uint32_t virtual_size = 0;
  uint32_t file_offset = 0;
  uint32_t file_size = 0;
  uint32_t flags = 0;  ///< IMAGE_SCN_*
  bool executable() const { return flags & 0x20000000; }
};

struct Export {
  std::string_view name;  ///< empty for exports by ordinal only
  uint32_t ordinal = 0;
  Rva rva;  ///< forwarders are left out
};

/// What pairs an image with its PDB (IMAGE_DEBUG_TYPE_CODEVIEW).
struct CodeView {
  std::string debug_id;  ///< 32 upper-case hex digits of the GUID and the age in hex, as SymSrv
                         ///< names folders; for NB10 the time stamp and the age
  std::string pdb;       ///< as recorded, often a full path of the build machine
};

class File {
 public:
  static Result<std::shared_ptr<const File>> open(const std::string& path);
  /// From bytes that `owner` keeps alive. `name` is for errors.
  static Result<std::shared_ptr<const File>> parse(Bytes bytes, std::shared_ptr<const void> owner,
                                                   std::string name);
  /// From memory: `read` copies as much as is there of [rva, rva + out.size()) from the front and
  /// returns how many bytes. Reads headers and the directories that it needs, when they are needed.
  using ReadMemory = std::function<size_t(Rva rva, std::span<std::byte> out)>;
  static Result<std::shared_ptr<const File>> from_memory(ReadMemory read, std::string name);
  /// Code that was made at run time: it has no headers, but a table of functions as an image's
  /// exception directory is. `entries`: RUNTIME_FUNCTIONs of the machine, ascending; borrowed. RVAs
  /// count from the table's base, where `read` begins.
  static std::shared_ptr<const File> of_functions(Machine machine, Bytes entries, ReadMemory read,
                                                  std::string name);
  virtual ~File() = default;

  virtual const std::string& path() const = 0;
  virtual Machine machine() const = 0;
  virtual bool is_64() const = 0;
  virtual uint32_t timestamp() const = 0;   ///< COFF; a hash of the build with /Brepro
  virtual uint32_t image_size() const = 0;  ///< SizeOfImage
  virtual uint32_t checksum() const = 0;
  virtual uint64_t image_base() const = 0;  ///< preferred
  virtual Rva entry_point() const = 0;
  virtual const std::vector<Section>& sections() const = 0;
  /// Of a section by name, as stored; empty when absent or cut.
  virtual Bytes section_data(std::string_view name) const = 0;
  /// `size` bytes at an RVA; empty when they are not all there.
  virtual Bytes at(Rva rva, uint64_t size) const = 0;
  /// From an RVA to the end of what is there in its section; empty when nothing is.
  virtual Bytes from(Rva rva) const = 0;
  virtual std::optional<CodeView> codeview() const = 0;
  virtual const std::vector<Export>& exports() const = 0;  ///< ascending by rva
  virtual Bytes exception_directory() const = 0;           ///< .pdata as the header says
  virtual std::string version() const = 0;  ///< of the version resource; may be empty
  /// Whether `exception_directory` is all that the header promises: a dump may lack some of it.
  virtual bool exception_directory_is_whole() const { return true; }
  /// What of the image was unusable though it opened; empty when all is well.
  virtual const std::vector<Warning>& damage() const {
    static const std::vector<Warning> kNone;
    return kNone;
  }
};

}  // namespace inquest::pe
