// Breakpad's copy of the Linux loader's list (MDRawDebug, MDRawLinkMap), of 32 and 64 bits.
#include "base/limits.h"
#include "format/minidump/context.h"
#include "format/minidump/reader.h"

namespace inquest::minidump {
namespace {

struct LinkMap32 {
  le32 address, name, dynamic;
};
struct LinkMap64 {
  le64 address;
  le32 name;
  le64 dynamic;
};
static_assert(sizeof(LinkMap64) == 20);

template <class Raw>
void read_link_maps(Reader& reader, uint64_t offset, uint32_t count) {
  Bytes bytes = reader.at(offset, uint64_t{count} * sizeof(Raw));
  if (bytes.size() / sizeof(Raw) < count || count > kLimits.modules) {
    reader.damage(fmt::format("claims {} libraries, which do not fit", count));
    count = static_cast<uint32_t>(std::min<size_t>(bytes.size() / sizeof(Raw), kLimits.modules));
  }
  Cursor cursor{bytes};
  for (uint32_t i = 0; i < count; ++i) {
    auto raw = cursor.read<Raw>();
    reader.dump.linux_files.linked.push_back(
        {.bias = raw.address, .name = reader.utf16(raw.name), .dynamic = raw.dynamic});
  }
}

}  // namespace

void read_linked_images(Reader& reader, Bytes stream) {
  Cursor cursor{stream};
  cursor.skip(4);  // r_version
  uint32_t maps = cursor.read<le32>();
  uint32_t count = cursor.read<le32>();
  if (cursor.failed()) return reader.damage("is cut");
  // The processor says how wide addresses are; without it, 64 bits are the rule.
  auto cpu = reader.dump.system ? cpu_of(reader.dump.system->processor) : std::nullopt;
  bool is_32 = cpu == Cpu::x86 || cpu == Cpu::arm;
  is_32 ? read_link_maps<LinkMap32>(reader, maps, count)
        : read_link_maps<LinkMap64>(reader, maps, count);
}

}  // namespace inquest::minidump
