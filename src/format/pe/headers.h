/// The headers of an image: what they say, in one value.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "format/pe/file.h"

namespace inquest::pe {

struct Headers {
  /// A directory of the optional header. Size 0: absent.
  struct Directory {
    uint32_t rva = 0, size = 0;
  };

  Machine machine = {};
  bool is_64 = false;
  uint32_t timestamp = 0;
  uint32_t image_size = 0;
  uint32_t header_size = 0;
  uint32_t section_alignment = 0;
  uint32_t checksum = 0;
  uint64_t image_base = 0;
  Rva entry = {};
  uint64_t string_table = 0;  ///< file offset of the COFF string table; 0: none
  std::array<Directory, 16> directories = {};
  std::vector<Section> sections = {};  ///< ascending by rva
  std::vector<Warning> damage = {};
};

/// `start` holds the first bytes of the file, or of the image in memory. Fails when the headers
/// proper are not there; a section table that is cut yields what is left, with a warning.
Result<Headers> read_headers(Bytes start, const std::string& name);

/// Looks up section names that are too long for their field. `strings` begins at the COFF string
/// table.
void resolve_long_names(std::vector<Section>& sections, Bytes strings);

}  // namespace inquest::pe
