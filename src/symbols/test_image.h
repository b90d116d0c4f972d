/// A Windows image for the tests of this room: sections of a file, exports as the test says.
#pragma once

#include <vector>

#include "base/cursor.h"
#include "format/pe/file.h"

namespace inquest::symbols {

class TestImage final : public pe::File {
 public:
  explicit TestImage(std::shared_ptr<const MappedFile> file) : file_(std::move(file)) {
    Cursor cursor(file_->bytes(), "image");
    cursor.seek(0x3c);
    cursor.seek(cursor.read<le32>() + 4);  // behind "PE\0\0"
    machine_ = cursor.read<le16>();
    const uint16_t count = cursor.read<le16>();
    cursor.skip(4);
    const uint32_t strings = cursor.read<le32>();  // of symbols, with the strings behind them
    const uint32_t symbol_count = cursor.read<le32>();
    const uint16_t optional = cursor.read<le16>();
    cursor.skip(2);
    Cursor header(cursor.take(optional));
    header.skip(is_64() ? 24 : 28);
    base_ = is_64() ? uint64_t{header.read<le64>()} : uint32_t{header.read<le32>()};
    for (uint16_t i = 0; i < count; ++i) {
      Bytes raw = cursor.take(8);
      std::string name(reinterpret_cast<const char*>(raw.data()), 8);
      name.resize(name.find('\0') == name.npos ? 8 : name.find('\0'));
      if (name.starts_with("/")) {
        Cursor text(file_->bytes());
        text.seek(strings + symbol_count * 18 + std::stoul(name.substr(1)));
        name = text.c_string();
      }
      pe::Section section{.name = name};
      section.virtual_size = cursor.read<le32>();
      section.rva = cursor.read<le32>();
      section.file_size = cursor.read<le32>();
      section.file_offset = cursor.read<le32>();
      cursor.skip(12);
      section.flags = cursor.read<le32>();
      sections_.push_back(section);
    }
  }

  const std::string& path() const override { return file_->path(); }
  pe::Machine machine() const override { return static_cast<pe::Machine>(machine_); }
  bool is_64() const override { return machine_ == 0x8664; }
  uint32_t timestamp() const override { return 1; }
  uint32_t image_size() const override { return 0x10000; }
  uint32_t checksum() const override { return 0; }
  uint64_t image_base() const override { return base_; }
  Rva entry_point() const override { return {}; }
  const std::vector<pe::Section>& sections() const override { return sections_; }
  Bytes section_data(std::string_view name) const override {
    for (const pe::Section& s : sections_) {
      if (s.name == name) return file_->bytes().subspan(s.file_offset, s.file_size);
    }
    return {};
  }
  Bytes at(Rva, uint64_t) const override { return {}; }
  Bytes from(Rva) const override { return {}; }
  std::optional<pe::CodeView> codeview() const override { return codeview_; }
  const std::vector<pe::Export>& exports() const override { return exports_; }
  Bytes exception_directory() const override { return {}; }
  std::string version() const override { return {}; }

  std::optional<pe::CodeView> codeview_;
  std::vector<pe::Export> exports_;

 private:
  std::shared_ptr<const MappedFile> file_;
  uint16_t machine_ = 0;
  uint64_t base_ = 0;
  std::vector<pe::Section> sections_;
};

}  // namespace inquest::symbols
