// What the process held open, and unwind data that it made at run time.
#include "base/limits.h"
#include "format/minidump/reader.h"

namespace inquest::minidump {
namespace {

constexpr uint64_t kMostHandles = 1 << 20;
constexpr uint64_t kMostFunctionTables = 1 << 20;

}  // namespace

void read_handles(Reader& reader, Bytes stream) {
  List list = sized_list(reader, stream, 4, sizeof(raw::Handle), kMostHandles);
  reader.dump.handles.reserve(list.count);
  for (uint64_t i = 0; i < list.count; ++i) {
    auto raw = list.get<raw::Handle>(i);
    reader.dump.handles.push_back({.value = raw.value,
                                   .type = reader.utf16(raw.type),
                                   .name = reader.utf16(raw.name),
                                   .attributes = raw.attributes,
                                   .granted_access = raw.granted_access,
                                   .handle_count = raw.handle_count,
                                   .pointer_count = raw.pointer_count});
  }
}

/// A descriptor, its native form, its functions, padding; then the next.
void read_function_tables(Reader& reader, Bytes stream) {
  Cursor cursor{stream};
  auto header = cursor.read<raw::FunctionTableHeader>();
  if (cursor.failed() || header.header_size < sizeof header ||
      header.entry_size < sizeof(raw::FunctionTable)) {
    return reader.damage("has a header that makes no sense");
  }
  cursor.seek(header.header_size);
  uint32_t count = header.count;
  for (uint32_t i = 0; i < count && i < kMostFunctionTables && !cursor.failed(); ++i) {
    auto table = cursor.read<raw::FunctionTable>();
    cursor.skip(uint64_t{header.entry_size} - sizeof table);
    cursor.skip(header.native_size);
    Bytes entries = cursor.take(uint64_t{table.function_count} * header.function_size);
    cursor.skip(table.padding);
    if (cursor.failed()) break;
    reader.dump.function_tables.push_back({.begin = table.begin,
                                           .end = table.end,
                                           .base = table.base,
                                           .entries = entries,
                                           .entry_size = header.function_size});
  }
  if (cursor.failed())
    reader.damage(fmt::format("is cut after {} tables", reader.dump.function_tables.size()));
}

}  // namespace inquest::minidump
