#include "symbols/cache/cache_file.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <sys/stat.h>
#include <unistd.h>

#include "format/breakpad/sym_file.h"
#include "format/pdb/identity.h"

namespace inquest::symbols {
namespace {

std::string default_folder() {
  if (const char* cache = std::getenv("XDG_CACHE_HOME"); cache && *cache == '/') {
    return std::string(cache) + "/inquest/symbols";
  }
  if (const char* home = std::getenv("HOME"); home && *home) {
    return std::string(home) + "/.cache/inquest/symbols";
  }
  return {};
}

std::string hex(Bytes bytes) {
  std::string text;
  for (std::byte b : bytes) text += fmt::format("{:02x}", static_cast<unsigned>(b));
  return text;
}

bool write_all(int descriptor, Bytes bytes) {
  while (!bytes.empty()) {
    ssize_t n = ::write(descriptor, bytes.data(), std::min<size_t>(bytes.size(), 64 << 20));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    bytes = bytes.subspan(static_cast<size_t>(n));
  }
  return true;
}

}  // namespace

Identity identity_of(const locate::ModuleFiles& files) {
  for (const auto& file : {files.image, files.debug, files.symtab}) {
    if (!file) continue;
    Bytes id = file->build_id();
    if (id.empty()) continue;
    // Shorter ids are not unique enough to trust; longer ones do not fit.
    if (id.size() < 8 || id.size() > image::kBuildIdCapacity) return {};
    return {hex(id), {reinterpret_cast<const char*>(id.data()), id.size()}};
  }
  std::string id;
  if (files.pe) {
    if (auto codeview = files.pe->codeview()) id = codeview->debug_id;
  }
  if (id.empty() && files.pdb) {
    auto pdb = inquest::pdb::read_identity(files.pdb->bytes(), files.pdb->path());
    if (pdb) id = pdb->debug_id();
  }
  if (id.empty() && files.sym) {
    auto module = breakpad::read_module(files.sym->bytes(), files.sym->path());
    if (module) id = module->id;
  }
  // It becomes a part of a path.
  bool is_hex = id.find_first_not_of("0123456789abcdefABCDEF") == id.npos;
  if (!is_hex || id.size() < 8 || id.size() > image::kBuildIdCapacity) return {};
  return {id, id};
}

std::string cache_path(const Identity& identity, const Options& options) {
  std::string folder = options.cache.empty() ? default_folder() : options.cache;
  if (folder.empty() || identity.name.empty()) return {};
  return fmt::format("{}/{}.v{}.symbols", folder, identity.name, image::kVersion);
}

std::shared_ptr<const Image> open_cache(const std::string& path, const Identity& identity,
                                        uint32_t kinds) {
  if (path.empty()) return {};
  auto file = MappedFile::open(path);
  if (!file) return {};
  auto image = Image::open((*file)->bytes(), *file, path);
  if (!image) return {};
  Bytes recorded = (*image)->build_id(), wanted = std::as_bytes(std::span(identity.bytes));
  bool same = std::equal(recorded.begin(), recorded.end(), wanted.begin(), wanted.end());
  if (!same || (kinds & ~(*image)->sources())) return {};
  return std::move(*image);
}

Result<> write_cache(const std::string& path, const std::vector<Bytes>& parts) {
  namespace fs = std::filesystem;
  std::error_code error;
  fs::create_directories(fs::path(path).parent_path(), error);
  std::string temporary = path + ".XXXXXX";
  int descriptor = ::mkostemp(temporary.data(), O_CLOEXEC);
  auto failed = [&](const char* what) {
    Error problem{.what = fmt::format("{}: {}", what, std::strerror(errno)),
                  .file = path,
                  .advice = "give a writable folder for the symbol cache"};
    if (descriptor >= 0) {
      ::close(descriptor);
      ::unlink(temporary.c_str());
    }
    return fail(std::move(problem));
  };
  if (descriptor < 0) return failed("the symbol cache cannot be made");
  for (Bytes part : parts) {
    if (!write_all(descriptor, part)) return failed("the symbol cache cannot be written");
  }
  ::fchmod(descriptor, 0644);
  if (::rename(temporary.c_str(), path.c_str()) != 0) {
    return failed("the symbol cache cannot be put in place");
  }
  ::close(descriptor);
  return {};
}

}  // namespace inquest::symbols
