/// Where the sources of a build can be had, as its PDB says: Source Link, or a source server's
/// index.
///
/// Nothing is fetched and no command is run. Source: Microsoft "Source Link" (the JSON that the
/// linker's /SOURCELINK puts into the streams "sourcelink" and "sourcelink$N"); Microsoft "Source
/// Server", "Language Specification 1" (the stream "srcsrv"). Immutable; safe from any thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "format/pdb/msf.h"

namespace inquest::pdb {

struct SourcePlace {
  std::string url = {};  ///< http or https; empty when the PDB leads to none
  /// What the source server's index would run to get the file, such as "p4.exe print ..."; for
  /// people. %targ% stands for the folder that they choose. Empty when there is none.
  std::string command = {};
  bool empty() const { return url.empty() && command.empty(); }
};

class SourceLinks {
 public:
  virtual ~SourceLinks() = default;
  /// Of a file by the name that the lines of the PDB have. Case and kind of slash do not matter, as
  /// on Windows. Empty when nothing is said of it.
  virtual SourcePlace find(std::string_view file) const = 0;
};

/// Null when there are none. Damaged ones read as absent, or as far as they go.
std::unique_ptr<const SourceLinks> read_source_links(const Msf& msf);

/// Of the content of one stream; null when it is of another form.
std::unique_ptr<const SourceLinks> parse_source_link(std::string_view json);
std::unique_ptr<const SourceLinks> parse_srcsrv(std::string_view stream);

/// Lower case, with backslashes: the form in which names of files are compared.
std::string comparable_path(std::string_view path);
/// Whether a text that a PDB gives may be shown as a link: http(s), printable, of some length.
bool is_shown_url(std::string_view url);

}  // namespace inquest::pdb
