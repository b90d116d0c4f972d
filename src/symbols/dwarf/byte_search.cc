#include "symbols/dwarf/byte_search.h"

#include <array>
#include <cstring>
#include <string>

namespace inquest::symbols {

std::vector<uint64_t> search(Bytes haystack, Bytes needle, size_t most) {
  std::vector<uint64_t> out;
  if (needle.empty()) return out;
  const std::byte* at = haystack.data();
  const std::byte* end = at + haystack.size();
  while (out.size() < most && at < end) {
    const void* hit = memmem(at, static_cast<size_t>(end - at), needle.data(), needle.size());
    if (!hit) break;
    at = static_cast<const std::byte*>(hit);
    out.push_back(static_cast<uint64_t>(at - haystack.data()));
    ++at;
  }
  return out;
}

std::vector<uint64_t> search_string(Bytes strings, std::string_view text, size_t most) {
  std::string terminated(text);
  return search(strings, std::as_bytes(std::span(terminated.c_str(), terminated.size() + 1)), most);
}

std::vector<uint64_t> search_number(Bytes haystack, uint64_t number, unsigned size, size_t most) {
  std::array<std::byte, 8> raw;
  for (unsigned i = 0; i < 8; ++i) raw[i] = static_cast<std::byte>(number >> (8 * i));
  return search(haystack, Bytes(raw).first(size), most);
}

}  // namespace inquest::symbols
