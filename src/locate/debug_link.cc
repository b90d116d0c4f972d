#include "locate/debug_link.h"

#include <algorithm>
#include <filesystem>
#include <zlib.h>

#include "base/decompress.h"

namespace inquest::locate {
namespace {

/// Real ones have some hundred kB: the function symbols of one module.
constexpr uint64_t kMiniDebugBytes = 256 << 20;

}  // namespace

std::vector<std::string> debug_link_places(std::string_view link_name,
                                           const std::string& image_path,
                                           const std::string& debug_root) {
  // A link is a bare file name; anything else could name any file of the machine.
  if (link_name.empty() || link_name.find('/') != link_name.npos) return {};
  std::vector<std::string> folders;
  auto add_folder_of = [&](const std::filesystem::path& path) {
    std::string folder = path.parent_path().string();
    if (folder.starts_with('/') && std::ranges::find(folders, folder) == folders.end()) {
      folders.push_back(folder);
    }
  };
  add_folder_of(image_path);
  std::error_code error;
  // /lib is a link to /usr/lib on merged systems, and debug files may be filed under either.
  std::filesystem::path real = std::filesystem::canonical(image_path, error);
  if (!error) add_folder_of(real);
  std::vector<std::string> places;
  for (const std::string& folder : folders) {
    std::string slash = folder == "/" ? "" : folder;
    places.push_back(slash + "/" + std::string(link_name));
    places.push_back(slash + "/.debug/" + std::string(link_name));
    places.push_back(debug_root + slash + "/" + std::string(link_name));
  }
  return places;
}

bool crc_matches(const elf::File& candidate, uint32_t crc) {
  Bytes bytes = candidate.bytes();
  uLong sum = crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size());
  return sum == crc;
}

Result<std::shared_ptr<const elf::File>> mini_debug_file(const elf::File& image) {
  const elf::Section* section = image.section(".gnu_debugdata");
  if (!section) return nullptr;
  Bytes packed = TRY(image.section_data(*section));
  auto unpacked =
      std::make_shared<std::vector<std::byte>>(TRY(unpack(packed, Packing::xz, kMiniDebugBytes)));
  return elf::File::parse(*unpacked, unpacked, image.path() + " (.gnu_debugdata)");
}

}  // namespace inquest::locate
