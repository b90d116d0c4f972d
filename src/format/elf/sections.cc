#include <elf.h>

#include "base/cursor.h"
#include "base/decompress.h"
#include "base/limits.h"
#include "format/elf/file.h"
#include "format/elf/layout.h"

namespace inquest::elf {
namespace {

/// What the head of a compressed section says.
struct Compressed {
  Packing packing = Packing::none;
  uint64_t size = 0;  ///< unpacked, as claimed
  Bytes stream;
};

template <class Layout>
Result<Compressed> read_compression_header(Bytes stored, uint64_t origin) {
  Cursor cursor{stored, "compressed section", origin};
  auto head = cursor.read<typename Layout::Compression>();
  TRY(cursor.finish());
  Compressed result{.size = head.size, .stream = stored.subspan(cursor.position())};
  if (head.type == ELFCOMPRESS_ZLIB) {
    result.packing = Packing::zlib;
  } else if (constexpr uint32_t kZstd = 2; head.type == kZstd) {
    result.packing = Packing::zstd;
  } else {
    return fail({.what = fmt::format("unknown compression {}", static_cast<uint32_t>(head.type)),
                 .stream = "compressed section",
                 .offset = origin});
  }
  return result;
}

/// Before SHF_COMPRESSED: "ZLIB", the size as big-endian 64 bits, a zlib stream.
Result<Compressed> read_zdebug_header(Bytes stored, uint64_t origin) {
  Cursor cursor{stored, ".zdebug section", origin};
  Bytes magic = cursor.take(4);
  auto high = cursor.read<be32>();
  auto low = cursor.read<be32>();
  if (!cursor.failed() && std::memcmp(magic.data(), "ZLIB", 4) != 0) {
    cursor.error("does not begin with \"ZLIB\"");
  }
  TRY(cursor.finish());
  return Compressed{
      .packing = Packing::zlib,
      .size = uint64_t{static_cast<uint32_t>(high)} << 32 | static_cast<uint32_t>(low),
      .stream = stored.subspan(cursor.position())};
}

}  // namespace

const Section* File::section(std::string_view name) const {
  for (const Section& s : sections_) {
    if (s.name == name) return &s;
  }
  constexpr std::string_view kDebug = ".debug_";
  if (!name.starts_with(kDebug)) return nullptr;
  for (const Section& s : sections_) {
    if (s.name.starts_with(".zdebug_") && s.name.substr(2) == name.substr(1)) return &s;
  }
  return nullptr;
}

Result<Bytes> File::section_data(const Section& section) const {
  if (section.type == SHT_NOBITS) return Bytes{};
  Bytes stored = clip(bytes_, section.offset, section.size);
  if (stored.size() < section.size) {
    return fail({.what = fmt::format("section {} of {} bytes ends outside the file", section.name,
                                     section.size),
                 .file = path_,
                 .stream = "section headers",
                 .offset = section.offset});
  }
  bool flagged = section.flags & SHF_COMPRESSED;
  bool named = section.name.starts_with(".zdebug_");
  if (!flagged && !named) return stored;

  // Held while unpacking: whoever else wants this section would only repeat the work.
  std::lock_guard lock(unpack_mutex_);
  if (auto known = unpacked_.find(section.offset); known != unpacked_.end()) {
    return Bytes(known->second);
  }
  auto with_path = [&](Error error) {
    error.file = path_;
    return fail(std::move(error));
  };
  auto head = !flagged  ? read_zdebug_header(stored, section.offset)
              : is_64() ? read_compression_header<Layout64>(stored, section.offset)
                        : read_compression_header<Layout32>(stored, section.offset);
  if (!head) return with_path(std::move(head).error());
  uint64_t total = head->size;
  for (auto& [offset, bytes] : unpacked_) total += bytes.size();
  if (head->size / kLimits.decompression_ratio > head->stream.size() ||
      head->size > kLimits.decompressed_section_bytes ||
      total > kLimits.decompressed_section_bytes) {
    return with_path({.what = fmt::format("section {} claims to unpack from {} to {} bytes",
                                          section.name, head->stream.size(), head->size),
                      .stream = "compressed section",
                      .offset = section.offset});
  }
  auto unpacked = unpack(head->stream, head->packing, head->size, true);
  if (!unpacked) {
    Error error = std::move(unpacked).error();
    error.stream = std::string(section.name);
    error.offset = section.offset;
    return with_path(std::move(error));
  }
  // Nodes of an unordered_map stay where they are: the bytes may be lent.
  return Bytes(unpacked_.emplace(section.offset, std::move(*unpacked)).first->second);
}

Bytes File::section_data(std::string_view name) const {
  const Section* found = section(name);
  if (!found) return {};
  auto data = section_data(*found);
  return data ? *data : Bytes{};
}

}  // namespace inquest::elf
