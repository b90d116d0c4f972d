#include "format/pe/file.h"

#include <mutex>

#include "format/pe/directories.h"
#include "format/pe/headers.h"
#include "format/pe/source.h"

namespace inquest::pe {
namespace {

class Image : public File {
 public:
  Image(std::string path, std::unique_ptr<Source> source, Headers headers)
      : path_(std::move(path)), source_(std::move(source)), headers_(std::move(headers)) {}

  const Headers& headers() const { return headers_; }
  const Source& source() const { return *source_; }

  const std::string& path() const override { return path_; }
  Machine machine() const override { return headers_.machine; }
  bool is_64() const override { return headers_.is_64; }
  uint32_t timestamp() const override { return headers_.timestamp; }
  uint32_t image_size() const override { return headers_.image_size; }
  uint32_t checksum() const override { return headers_.checksum; }
  uint64_t image_base() const override { return headers_.image_base; }
  Rva entry_point() const override { return headers_.entry; }
  const std::vector<Section>& sections() const override { return headers_.sections; }
  const std::vector<Warning>& damage() const override { return headers_.damage; }

  Bytes section_data(std::string_view name) const override {
    for (const Section& section : headers_.sections) {
      if (section.name == name) return source_->run(section.rva, extent(section));
    }
    return {};
  }
  Bytes at(Rva rva, uint64_t size) const override {
    Bytes run = source_->run(rva.value, size);
    return run.size() == size ? run : Bytes{};
  }
  Bytes from(Rva rva) const override {
    const Section* section = section_at(headers_, rva.value);
    uint64_t end = section ? uint64_t{section->rva} + extent(*section) : headers_.header_size;
    return rva.value < end ? source_->run(rva.value, end - rva.value) : Bytes{};
  }
  Bytes exception_directory() const override {
    const auto& directory = headers_.directories[layout::kException];
    return source_->run(directory.rva, directory.size);
  }
  bool exception_directory_is_whole() const override {
    return exception_directory().size() == headers_.directories[layout::kException].size;
  }
  std::optional<CodeView> codeview() const override {
    std::call_once(codeview_once_, [&] { codeview_ = read_codeview(headers_, *source_); });
    return codeview_;
  }
  const std::vector<Export>& exports() const override {
    std::call_once(exports_once_, [&] { exports_ = read_exports(headers_, *source_); });
    return exports_;
  }
  std::string version() const override { return read_version(headers_, *source_); }

 private:
  std::string path_;
  std::unique_ptr<Source> source_;
  Headers headers_;
  mutable std::once_flag codeview_once_, exports_once_;
  mutable std::optional<CodeView> codeview_;
  mutable std::vector<Export> exports_;
};

/// All that it has are its functions.
class RuntimeCode final : public Image {
 public:
  RuntimeCode(std::string name, std::unique_ptr<Source> source, Headers headers, Bytes entries)
      : Image(std::move(name), std::move(source), std::move(headers)), entries_(entries) {}
  /// Of unwind data, which is short.
  Bytes from(Rva rva) const override {
    constexpr uint64_t kMost = 4096;
    return source().run(rva.value, kMost);
  }
  Bytes exception_directory() const override { return entries_; }
  bool exception_directory_is_whole() const override { return true; }

 private:
  Bytes entries_;
};

}  // namespace

std::shared_ptr<const File> File::of_functions(Machine machine, Bytes entries, ReadMemory read,
                                               std::string name) {
  Headers headers;
  headers.machine = machine;
  headers.is_64 = machine == Machine::x64 || machine == Machine::arm64;
  return std::make_shared<RuntimeCode>(std::move(name),
                                       std::make_unique<MemorySource>(std::move(read)),
                                       std::move(headers), entries);
}

Result<std::shared_ptr<const File>> File::open(const std::string& path) {
  auto file = TRY(MappedFile::open(path));
  return parse(file->bytes(), file, path);
}

Result<std::shared_ptr<const File>> File::parse(Bytes bytes, std::shared_ptr<const void> owner,
                                                std::string name) {
  Headers headers = TRY(read_headers(bytes, name));
  auto source = std::make_unique<FileSource>(bytes, std::move(owner));
  if (headers.string_table != 0) {
    constexpr uint64_t kMostNames = 1 << 20;
    resolve_long_names(headers.sections, source->stored(headers.string_table, kMostNames));
  }
  FileSource& raw = *source;
  auto image = std::make_shared<Image>(std::move(name), std::move(source), std::move(headers));
  raw.set_headers(&image->headers());
  return image;
}

Result<std::shared_ptr<const File>> File::from_memory(ReadMemory read, std::string name) {
  auto source = std::make_unique<MemorySource>(std::move(read));
  // Headers fit in a page, or are as long as they say; only drivers and packers go beyond.
  constexpr uint64_t kUsual = 4096, kLongest = 1 << 16;
  Bytes start = source->run(0, kUsual);
  if (start.empty()) {
    return fail({.what = "the image's headers are not in memory",
                 .file = name,
                 .advice = "supply the image by --image"});
  }
  Headers headers = TRY(read_headers(start, name));
  if (!headers.damage.empty()) {
    headers = TRY(read_headers(source->run(0, kLongest), name));
  }
  return std::make_shared<Image>(std::move(name), std::move(source), std::move(headers));
}

}  // namespace inquest::pe
