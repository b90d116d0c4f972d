/// What the data directories of an image lead to. All of it may be absent or damaged: then nothing
/// is returned, or what could be read.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "format/pe/layout.h"
#include "format/pe/source.h"

namespace inquest::pe {

/// Ascending by rva; names are borrowed from the source.
std::vector<Export> read_exports(const Headers& headers, const Source& source);
std::optional<CodeView> read_codeview(const Headers& headers, const Source& source);
/// "10.0.19041.1", of VS_FIXEDFILEINFO.
std::string read_version(const Headers& headers, const Source& source);

/// A structure at an offset of bytes; absent when they are too few.
template <class T>
std::optional<T> peek(Bytes bytes, uint64_t offset = 0) {
  if (offset > bytes.size() || bytes.size() - offset < sizeof(T)) return {};
  T value;
  std::memcpy(static_cast<void*>(&value), bytes.data() + offset, sizeof(T));
  return value;
}

}  // namespace inquest::pe
