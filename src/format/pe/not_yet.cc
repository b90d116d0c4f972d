/// Stands in until the reader of images is here: what identifies an image, and nothing more.
#include "format/pe/file.h"
#include "format/pe/identity.h"

namespace inquest::pe {
namespace {

class HeaderOnly : public File {
 public:
  HeaderOnly(Identity identity, std::shared_ptr<const void> owner, std::string name)
      : identity_(std::move(identity)), owner_(std::move(owner)), path_(std::move(name)) {}
  const std::string& path() const override { return path_; }
  Machine machine() const override { return static_cast<Machine>(identity_.machine); }
  bool is_64() const override { return machine() == Machine::x64 || machine() == Machine::arm64; }
  uint32_t timestamp() const override { return identity_.timestamp; }
  uint32_t image_size() const override { return identity_.image_size; }
  uint32_t checksum() const override { return identity_.checksum; }
  uint64_t image_base() const override { return 0; }
  Rva entry_point() const override { return {}; }
  const std::vector<Section>& sections() const override { return sections_; }
  Bytes section_data(std::string_view) const override { return {}; }
  Bytes at(Rva, uint64_t) const override { return {}; }
  Bytes from(Rva) const override { return {}; }
  std::optional<CodeView> codeview() const override {
    if (identity_.debug_id.empty()) return {};
    return CodeView{identity_.debug_id, identity_.pdb};
  }
  const std::vector<Export>& exports() const override { return exports_; }
  Bytes exception_directory() const override { return {}; }
  std::string version() const override { return {}; }

 private:
  Identity identity_;
  std::shared_ptr<const void> owner_;
  std::string path_;
  std::vector<Section> sections_;
  std::vector<Export> exports_;
};

}  // namespace

Result<std::shared_ptr<const File>> File::open(const std::string& path) {
  auto mapped = TRY(MappedFile::open(path));
  return parse(mapped->bytes(), mapped, path);
}

Result<std::shared_ptr<const File>> File::parse(Bytes bytes, std::shared_ptr<const void> owner,
                                                std::string name) {
  auto identity = TRY(read_identity(bytes, name));
  return std::make_shared<HeaderOnly>(std::move(identity), std::move(owner), std::move(name));
}

}  // namespace inquest::pe
