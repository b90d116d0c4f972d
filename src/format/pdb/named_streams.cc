#include "format/pdb/named_streams.h"

#include <algorithm>

namespace inquest::pdb {
namespace {

constexpr uint32_t kStreamOfNames = 1;
constexpr uint64_t kInfoHeaderBytes = 28;  // version, signature, age, GUID
constexpr size_t kMostNames = 4096;        // real ones have about five
constexpr size_t kLongestNames = 1 << 18;  // of all together: each is searched for its end

}  // namespace

std::vector<NamedStream> named_streams(const Msf& msf) {
  StreamBytes stream(msf, kStreamOfNames);
  Cursor cursor(stream.bytes(), "PDB info stream");
  cursor.skip(kInfoHeaderBytes);
  Bytes names = cursor.take(cursor.read<le32>());
  names = names.first(std::min(names.size(), kLongestNames));
  const uint32_t entries = cursor.read<le32>();
  cursor.read<le32>();                             // capacity
  cursor.skip(uint64_t{cursor.read<le32>()} * 4);  // which buckets are in use
  cursor.skip(uint64_t{cursor.read<le32>()} * 4);  // and which were
  std::vector<NamedStream> all;
  for (uint32_t i = 0; i < entries && !cursor.at_end() && all.size() < kMostNames; ++i) {
    uint32_t key = cursor.read<le32>(), value = cursor.read<le32>();
    if (cursor.failed() || key >= names.size()) continue;
    Cursor name(names.subspan(key), "names of streams");
    all.push_back({std::string(name.c_string().substr(0, 256)), value});
  }
  return all;
}

std::optional<uint32_t> named_stream(const Msf& msf, std::string_view name) {
  for (const NamedStream& one : named_streams(msf)) {
    if (one.name == name) return one.stream;
  }
  return {};
}

}  // namespace inquest::pdb
