/// From the identity of a module to the files that describe it: its image and its debug file.
///
/// Order: the core's own bytes (vDSO) - recorded path - `--image` / `--symbols` folders (by build
/// id, then by name) - /usr/lib/debug (.build-id, then .gnu_debuglink with CRC) - .gnu_debugdata -
/// debuginfod. Modules of Windows and Breakpad: stores by key - recorded path, beside the dump -
/// folders by key, then by name - symbol servers. A candidate of another build is refused and
/// reported, never used silently.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/mapped_file.h"
#include "format/elf/file.h"
#include "format/pe/file.h"
#include "snapshot/snapshot.h"

namespace inquest::locate {

struct Options {
  /// Folders, http(s) URLs, or entries of a Windows symbol path (symbol_path.h), best first.
  std::vector<std::string> symbols = {};
  std::vector<std::string> images = {};   ///< folders of executables and libraries
  std::vector<std::string> servers = {};  ///< debuginfod URLs
  std::string cache = {};                 ///< debuginfod cache folder; empty: its standard place
  std::string symbol_cache = {};          ///< what symbol servers give; empty: nothing is kept
  long miss_seconds = 3600;               ///< a symbol server that had no file is not asked again
  bool system_paths = true;               ///< recorded paths, /usr/lib/debug, beside the dump
  /// Told while a download runs; may be empty. total is 0 when the server does not say.
  std::function<void(std::string_view url, uint64_t done, uint64_t total)> progress = {};
  std::string debug_root = "/usr/lib/debug";  ///< where the system keeps its debug files

  /// From INQUEST_SYMBOL_PATH (':' between folders, URLs by whitespace or ';'), _NT_SYMBOL_PATH,
  /// DEBUGINFOD_URLS, DEBUGINFOD_CACHE_PATH, XDG_CACHE_HOME.
  static Options from_environment();
};

/// What is known of a module's symbols before any is read.
enum class Availability : uint8_t {
  full,         ///< debug information
  public_only,  ///< a symbol table
  none,         ///< nothing that names functions
  mismatched,   ///< only a file of another build was found; it is not used
};
std::string_view name(Availability availability);  ///< "full", "public", "none", "mismatched"

/// Any pointer may be null. The files are shared and immutable.
struct ModuleFiles {
  std::shared_ptr<const elf::File> image;   ///< code, .eh_frame, .dynsym
  std::shared_ptr<const elf::File> debug;   ///< .debug_info; may be the same file as image
  std::shared_ptr<const elf::File> symtab;  ///< file with .symtab (image, debug or mini debug info)
  std::shared_ptr<const elf::File> alt;     ///< dwz's alternate file of `debug`
  std::shared_ptr<const pe::File> pe;       ///< a Windows image; its DWARF, where mingw put it
  std::shared_ptr<const MappedFile> pdb;    ///< its program database
  std::shared_ptr<const MappedFile> sym;    ///< Breakpad's text, of whatever system
  std::shared_ptr<const MappedFile> map;    ///< the linker's map
  Availability availability = Availability::none;
  std::string from = {};  ///< path or URL of the file that gave the symbols
  std::string note = {};  ///< one sentence for people: why not, or what was refused
  std::vector<Warning> warnings = {};
  std::vector<std::string> looked = {};  ///< places that were looked at, in order, for who wonders
};

/// Looks modules up. Safe from several threads; each module is looked up by its caller once.
class Locator {
 public:
  explicit Locator(Options options);
  ~Locator();
  ModuleFiles find(const snapshot::Snapshot& snapshot, const snapshot::Module& module) const;
  /// The same without asking a server (its cache is looked at): for all modules of a dump at once,
  /// before it is known which of them matter. Its warnings do not speak of missing symbols.
  ModuleFiles find_local(const snapshot::Snapshot& snapshot, const snapshot::Module& module) const;
  /// Whether `find` may know more than `find_local`.
  bool has_servers() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// What the kernel left out of the core (file-backed, unmodified text and read-only data) is read
/// from the image: adds pieces of Origin::file to the snapshot's memory for every page of `module`
/// that the dump lacks. Writable pages that the dump lacks are not added: their content is unknown.
/// Nothing is added from a file whose identity is not proven, by build id or by the bytes that the
/// dump has of it. The snapshot's memory shares the ownership of the image.
void add_file_memory(snapshot::Snapshot& snapshot, const snapshot::Module& module,
                     std::shared_ptr<const elf::File> image);
/// The same; the image is borrowed and must outlive the snapshot's memory.
void add_file_memory(snapshot::Snapshot& snapshot, const snapshot::Module& module,
                     const elf::File& image);

/// The same for an image of Windows, moved to where it was loaded. Pages with relocations are
/// copied, as long as `copies_left` (bytes; it is lowered) allows; those left over are left out.
/// Where the dump does not say what its memory is for, the regions become those of the sections.
void add_file_memory(snapshot::Snapshot& snapshot, const snapshot::Module& module,
                     std::shared_ptr<const pe::File> image, uint64_t& copies_left);

/// For a module of Windows of which no file was found: its image as the dump's memory has it, whose
/// export table names some functions. `memory` is borrowed by the image. Changes nothing when the
/// memory has no headers.
void take_image_from_memory(const snapshot::Memory& memory, const snapshot::Module& module,
                            ModuleFiles& files);

}  // namespace inquest::locate
