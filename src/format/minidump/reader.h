/// What every stream's reader works with. Internal to format/minidump.
///
/// Claims are cut to what the file holds; the first damage of a kind is said once a stream, so that
/// a hostile file cannot make a million warnings.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

#include "base/cursor.h"
#include "format/minidump/dump.h"
#include "format/minidump/layout.h"

namespace inquest::minidump {

class Reader {
 public:
  Reader(Bytes file, Dump& dump)
      : file_(file),
        string_budget_(kSharedText + std::min<uint64_t>(file.size(), kMostText)),
        dump(dump) {}

  /// What the file holds of [offset, offset + size), from its front; empty when nothing.
  Bytes at(uint64_t offset, uint64_t size) const;
  Bytes at(const raw::Location& location) const { return at(location.offset, location.size); }
  Bytes file() const { return file_; }

  /// MINIDUMP_STRING: a length in bytes, UTF-16. Empty at offset 0, and where it is cut or wrong.
  std::string utf16(uint64_t offset);
  /// Crashpad's MinidumpUTF8String and MinidumpByteArray.
  std::string utf8(uint64_t offset);
  /// A fixed or whole field of UTF-16, up to its NUL.
  std::string utf16_field(Bytes field);
  std::string text(Bytes bytes);

  MemoryRange memory(const raw::Memory& raw) const;

  /// Something of the dump is missing.
  void damage(std::string what, std::string advice = {});
  /// Counts what was left out of the current stream, told by `end_stream`.
  void skip_record() { ++skipped_; }
  void begin_stream(std::string_view name);
  void end_stream();

 private:
  Bytes counted(uint64_t offset);
  bool take_budget(uint64_t bytes);

  Bytes file_;
  std::string_view stream_;
  size_t skipped_ = 0;
  size_t bad_strings_ = 0;
  /// Strings may be shared, but rarely are: without a cap, a small file could name a million
  /// modules at length.
  static constexpr uint64_t kSharedText = 4 << 20, kMostText = 256 << 20;
  uint64_t string_budget_;
  bool budget_told_ = false;

 public:
  Dump& dump;
};

/// Where the entries of a list lie: its count was made to fit.
struct List {
  Bytes entries;
  uint64_t count = 0;
  uint64_t stride = 0;

  /// Entry i as a T, which may be longer or shorter than a stride; the rest is zero.
  template <class T>
  T get(uint64_t i) const {
    T value{};
    Bytes raw = entries.subspan(i * stride, std::min<uint64_t>(stride, sizeof(T)));
    std::memcpy(static_cast<void*>(&value), raw.data(), raw.size());
    return value;
  }
};

/// A 32-bit count, then entries; some writers pad the count to 8 bytes.
List counted_list(Reader& reader, Bytes stream, uint64_t stride, uint64_t most);
/// A header that names its own size and that of an entry; the count, of `count_size` bytes, lies
/// behind these two.
List sized_list(Reader& reader, Bytes stream, unsigned count_size, uint64_t least_stride,
                uint64_t most);

// The readers, one a stream; each fills its part of reader.dump.
using ReadStream = void (*)(Reader& reader, Bytes stream);
void read_threads(Reader& reader, Bytes stream);
void read_threads_ex(Reader& reader, Bytes stream);
void read_thread_infos(Reader& reader, Bytes stream);
void read_thread_names(Reader& reader, Bytes stream);
void read_modules(Reader& reader, Bytes stream);
void read_unloaded_modules(Reader& reader, Bytes stream);
void read_memory(Reader& reader, Bytes stream);
void read_memory64(Reader& reader, Bytes stream);
void read_memory_infos(Reader& reader, Bytes stream);
void read_exception(Reader& reader, Bytes stream);
void read_system(Reader& reader, Bytes stream);
void read_misc(Reader& reader, Bytes stream);
void read_comment_ansi(Reader& reader, Bytes stream);
void read_comment_wide(Reader& reader, Bytes stream);
void read_handles(Reader& reader, Bytes stream);
void read_function_tables(Reader& reader, Bytes stream);
void read_vm_counters(Reader& reader, Bytes stream);
void read_breakpad(Reader& reader, Bytes stream);
void read_assertion(Reader& reader, Bytes stream);
void read_linked_images(Reader& reader, Bytes stream);
void read_crashpad(Reader& reader, Bytes stream);

}  // namespace inquest::minidump
