#include "locate/store_layout.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <strings.h>

namespace inquest::locate {
namespace {

constexpr size_t kLongestName = 200;
constexpr size_t kLongestStoreId = 80;

/// Names come from dumps: one that could leave its folder is none.
bool is_file_name(std::string_view name) {
  if (name.empty() || name.size() > kLongestName || name == "." || name == "..") return false;
  return std::ranges::none_of(
      name, [](unsigned char c) { return c < 0x20 || c == '/' || c == '\\' || c == ':'; });
}

bool is_id(std::string_view id) {
  return !id.empty() && id.size() <= kLongestStoreId &&
         std::ranges::all_of(id, [](unsigned char c) { return std::isalnum(c) != 0; });
}

std::optional<StoreKey> key(std::string_view name, std::string id, std::string file) {
  if (!is_file_name(name) || !is_file_name(file) || !is_id(id)) return {};
  return StoreKey{std::string(name), std::move(id), std::move(file)};
}

std::string upper_case(std::string_view text) {
  std::string upper(text);
  std::ranges::transform(upper, upper.begin(), [](unsigned char c) { return std::toupper(c); });
  return upper;
}

}  // namespace

std::string_view base_name(std::string_view path) {
  size_t slash = path.find_last_of("/\\");
  return slash == path.npos ? path : path.substr(slash + 1);
}

std::string lower_case(std::string_view text) {
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return std::tolower(c); });
  return lower;
}

bool same_id(std::string_view a, std::string_view b) {
  return a.size() == b.size() && strncasecmp(a.data(), b.data(), a.size()) == 0;
}

bool same_file_name(std::string_view a, std::string_view b) { return same_id(a, b); }

std::string_view stem(std::string_view file_name) {
  size_t dot = file_name.rfind('.');
  return dot == file_name.npos || dot == 0 ? file_name : file_name.substr(0, dot);
}

std::optional<StoreKey> pdb_key(std::string_view pdb, std::string_view debug_id) {
  std::string_view name = base_name(pdb);
  return key(name, upper_case(debug_id), std::string(name));
}

std::optional<StoreKey> sym_key(std::string_view debug_file, std::string_view debug_id) {
  std::string_view name = base_name(debug_file);
  bool is_pdb = name.size() > 4 && same_file_name(name.substr(name.size() - 4), ".pdb");
  return key(name, upper_case(debug_id), std::string(is_pdb ? stem(name) : name) + ".sym");
}

std::optional<StoreKey> image_key(std::string_view image, uint32_t timestamp, uint32_t image_size) {
  std::string_view name = base_name(image);
  return key(name, fmt::format("{:08X}{:x}", timestamp, image_size), std::string(name));
}

std::vector<std::string> store_paths(const StoreKey& key, bool three_level) {
  std::vector<std::string> paths;
  auto add = [&](const StoreKey& k) {
    std::string path = k.relative();
    if (three_level) path = k.name.substr(0, 2) + "/" + path;
    if (std::ranges::find(paths, path) == paths.end()) paths.push_back(std::move(path));
  };
  add(key);
  add({lower_case(key.name), lower_case(key.id), lower_case(key.file)});
  add({lower_case(key.name), key.id, lower_case(key.file)});
  add({key.name, upper_case(key.id), key.file});
  return paths;
}

std::string packed_name(std::string_view file) {
  if (file.size() < 3) return {};
  return std::string(file.substr(0, file.size() - 1)) + "_";
}

std::string breakpad_id(Bytes build_id) {
  if (build_id.empty()) return {};
  std::array<uint8_t, 16> b{};
  for (size_t i = 0; i < std::min(b.size(), build_id.size()); ++i) {
    b[i] = static_cast<uint8_t>(build_id[i]);
  }
  std::string id = fmt::format("{:02X}{:02X}{:02X}{:02X}{:02X}{:02X}{:02X}{:02X}", b[3], b[2], b[1],
                               b[0], b[5], b[4], b[7], b[6]);
  for (size_t i = 8; i < b.size(); ++i) id += fmt::format("{:02X}", b[i]);
  return id + "0";
}

}  // namespace inquest::locate
