// What the program told Crashpad, for the process and for each module.
#include <algorithm>

#include "base/limits.h"
#include "format/minidump/reader.h"

namespace inquest::minidump {
namespace {

constexpr uint32_t kMostAnnotations = 1 << 14;
constexpr uint16_t kStringAnnotation = 1;

using Annotations = std::vector<std::pair<std::string, std::string>>;

/// A UUID as text; empty when it is all zeros. Stored as Windows' GUID.
std::string uuid_text(const u8 (&raw)[16]) {
  auto b = [&](int i) -> unsigned { return static_cast<uint8_t>(raw[i]); };
  if (std::ranges::all_of(raw, [](u8 byte) { return byte == 0; })) return {};
  return fmt::format(
      "{:02x}{:02x}{:02x}{:02x}-{:02x}{:02x}-{:02x}{:02x}-{:02x}{:02x}-"
      "{:02x}{:02x}{:02x}{:02x}{:02x}{:02x}",
      b(3), b(2), b(1), b(0), b(5), b(4), b(7), b(6), b(8), b(9), b(10), b(11), b(12), b(13), b(14),
      b(15));
}

class CrashpadReader {
 public:
  explicit CrashpadReader(Reader& reader) : reader_(reader) {}

  /// Count, then offsets of a key and a value each.
  void simple(const raw::Location& location, Annotations& out) {
    List list = list_at(location, 8);
    for (uint64_t i = 0; i < list.count; ++i) {
      struct Entry {
        le32 key, value;
      };
      auto entry = list.get<Entry>(i);
      out.emplace_back(reader_.utf8(entry.key), reader_.utf8(entry.value));
    }
  }

  void objects(const raw::Location& location, Annotations& out) {
    List list = list_at(location, sizeof(raw::AnnotationObject));
    for (uint64_t i = 0; i < list.count; ++i) {
      auto object = list.get<raw::AnnotationObject>(i);
      std::string name = reader_.utf8(object.name);
      std::string value = object.type == kStringAnnotation
                              ? reader_.utf8(object.value)
                              : fmt::format("(data of type {})", uint16_t{object.type});
      out.emplace_back(std::move(name), std::move(value));
    }
  }

  void strings(const raw::Location& location, std::vector<std::string>& out) {
    List list = list_at(location, 4);
    for (uint64_t i = 0; i < list.count; ++i) out.push_back(reader_.utf8(list.get<le32>(i)));
  }

  void modules(const raw::Location& location, std::vector<CrashpadModule>& out) {
    List list = list_at(location, sizeof(raw::CrashpadModuleLink));
    for (uint64_t i = 0; i < list.count; ++i) {
      auto link = list.get<raw::CrashpadModuleLink>(i);
      Cursor cursor{reader_.at(link.location)};
      auto raw = cursor.read<raw::CrashpadModule>();
      if (cursor.failed()) {
        reader_.skip_record();
        continue;
      }
      CrashpadModule module{.index = link.index};
      strings(raw.list, module.list);
      simple(raw.annotations, module.annotations);
      objects(raw.objects, module.annotations);
      if (!module.list.empty() || !module.annotations.empty()) out.push_back(std::move(module));
    }
  }

 private:
  /// All lists of a dump share one allowance: they may lie on top of each other.
  List list_at(const raw::Location& location, uint64_t stride) {
    if (location.size == 0) return {.stride = stride};
    Bytes bytes = reader_.at(location);
    uint32_t claimed = bytes.size() < 4 ? 0 : static_cast<uint32_t>(Cursor{bytes}.read<le32>());
    if (bytes.size() < 4 || claimed > left_) {
      reader_.skip_record();
      return {.stride = stride};
    }
    List list = counted_list(reader_, bytes, stride, left_);
    left_ -= static_cast<uint32_t>(list.count);
    return list;
  }

  Reader& reader_;
  uint32_t left_ = kMostAnnotations;
};

}  // namespace

void read_crashpad(Reader& reader, Bytes stream) {
  Cursor cursor{stream};
  auto raw = cursor.read<raw::CrashpadInfo>();
  if (cursor.failed()) return reader.damage("is cut");
  Crashpad info{.report_id = uuid_text(raw.report_id), .client_id = uuid_text(raw.client_id)};
  CrashpadReader lists(reader);
  lists.simple(raw.annotations, info.annotations);
  lists.modules(raw.modules, info.modules);
  reader.dump.crashpad = std::move(info);
}

}  // namespace inquest::minidump
