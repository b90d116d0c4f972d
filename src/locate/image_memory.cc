/// The pages of a Windows image that the dump lacks, from its file, relocated as the loader did.
///
/// Source: Microsoft "PE Format", section "The .reloc Section".
#include <algorithm>
#include <map>

#include "base/cursor.h"
#include "locate/locate.h"
#include "locate/section_access.h"
#include "locate/store_layout.h"

namespace inquest::locate {
namespace {

constexpr uint32_t kImagePage = 4096;
constexpr uint32_t kWritable = 0x80000000;
constexpr unsigned kNothing = 0, kHighLow = 3, kDir64 = 10;

/// By page: where a pointer is to be moved, by type. Absent types are those that we do not know.
struct Fixup {
  uint32_t rva;
  unsigned type;
};
using Fixups = std::vector<Fixup>;  // ascending by rva

Fixups read_fixups(Bytes section) {
  Fixups all;
  Cursor c{section, ".reloc"};
  while (c.remaining() >= 8) {
    uint32_t page = c.read<le32>(), size = c.read<le32>();
    if (size < 8 || size - 8 > c.remaining()) break;
    for (uint32_t i = 0; i < (size - 8) / 2; ++i) {
      uint16_t entry = c.read<le16>();
      unsigned type = entry >> 12;
      if (type != kNothing) all.push_back({page + (entry & 0xfff), type});
    }
  }
  std::ranges::sort(all, {}, &Fixup::rva);
  return all;
}

template <class Packed>
void move_pointer(std::span<std::byte> at, uint64_t delta) {
  Packed value;
  std::memcpy(static_cast<void*>(&value), at.data(), sizeof value);
  value = static_cast<decltype(+value)>(value + delta);
  std::memcpy(at.data(), static_cast<const void*>(&value), sizeof value);
}

/// Bytes [rva, rva + bytes.size()) moved by `delta`; false when a fixup of another kind is there.
bool relocate(std::span<std::byte> bytes, uint32_t rva, std::span<const Fixup> fixups,
              uint64_t delta) {
  for (const Fixup& fixup : fixups) {
    uint64_t at = fixup.rva - rva;
    size_t size = fixup.type == kDir64 ? 8 : 4;
    if (fixup.type != kDir64 && fixup.type != kHighLow) return false;
    if (at > bytes.size() || bytes.size() - at < size) return false;
    if (size == 8) {
      move_pointer<le64>(bytes.subspan(at), delta);
    } else {
      move_pointer<le32>(bytes.subspan(at), delta);
    }
  }
  return true;
}

class Adder {
 public:
  Adder(snapshot::Snapshot& snapshot, const snapshot::Module& module,
        std::shared_ptr<const pe::File> image, uint64_t& copies_left)
      : snapshot_(snapshot), module_(module), image_(std::move(image)), left_(copies_left) {
    delta_ = module.range.begin.value - image_->image_base();
    if (delta_ != 0) fixups_ = read_fixups(image_->section_data(".reloc"));
  }

  void add_section(const pe::Section& section) {
    if (section.flags & kWritable) return;
    Bytes bytes = image_->from(Rva{section.rva});
    if (section.virtual_size)
      bytes = bytes.first(std::min<size_t>(bytes.size(), section.virtual_size));
    if (section.rva >= module_.range.size()) return;
    bytes = bytes.first(std::min<size_t>(bytes.size(), module_.range.size() - section.rva));
    // Runs of pages, with fixups and without; a run's end is where no fixup straddles it.
    size_t begin = 0;
    while (begin < bytes.size()) {
      bool has = has_fixup(section.rva + begin, kImagePage);
      size_t end = begin + kImagePage;
      while (end < bytes.size() && has_fixup(section.rva + end, kImagePage) == has)
        end += kImagePage;
      end = std::min(end, bytes.size());
      add_run(section.rva + static_cast<uint32_t>(begin), bytes.subspan(begin, end - begin), has);
      begin = end;
    }
  }

 private:
  /// Whether one touches the page; one that begins in the page before may.
  bool has_fixup(uint64_t rva, uint32_t size) const {
    uint64_t from = rva < 7 ? 0 : rva - 7;
    auto first = std::ranges::lower_bound(fixups_, from, {}, &Fixup::rva);
    return first != fixups_.end() && first->rva < rva + size;
  }

  void add_run(uint32_t rva, Bytes bytes, bool has_fixups) {
    Address at = module_.range.begin + rva;
    if (!has_fixups) {
      snapshot_.memory.add(at, bytes, snapshot::Origin::file, image_);
      return;
    }
    if (bytes.size() > left_) return;
    auto copy = std::make_shared<std::vector<std::byte>>(bytes.begin(), bytes.end());
    auto first = std::ranges::lower_bound(fixups_, rva, {}, &Fixup::rva);
    auto last = std::ranges::lower_bound(fixups_, rva + bytes.size(), {}, &Fixup::rva);
    if (!relocate(*copy, rva, std::span(first, last), delta_)) return;
    left_ -= bytes.size();
    snapshot_.memory.add(at, *copy, snapshot::Origin::file, copy);
  }

  snapshot::Snapshot& snapshot_;
  const snapshot::Module& module_;
  std::shared_ptr<const pe::File> image_;
  uint64_t& left_;
  uint64_t delta_ = 0;
  Fixups fixups_;
};

/// Time stamp and size, and no other GUID: a protected image has other code than its original.
bool is_proven(const snapshot::Module& module, const pe::File& image) {
  const auto& identity = module.identity;
  if (image.image_size() != module.range.size()) return false;
  if (!identity.timestamp || *identity.timestamp != image.timestamp()) return false;
  auto codeview = image.codeview();
  return !identity.debug_id || !codeview || same_id(*identity.debug_id, codeview->debug_id);
}

}  // namespace

void add_file_memory(snapshot::Snapshot& snapshot, const snapshot::Module& module,
                     std::shared_ptr<const pe::File> image, uint64_t& copies_left) {
  if (!image || !is_proven(module, *image)) return;
  add_section_access(snapshot, module, *image);
  Adder adder(snapshot, module, image, copies_left);
  for (const pe::Section& section : image->sections()) adder.add_section(section);
}

void take_image_from_memory(const snapshot::Memory& memory, const snapshot::Module& module,
                            ModuleFiles& files) {
  if (files.pe || files.image || module.range.empty()) return;
  const snapshot::Memory* source = &memory;
  AddressRange range = module.range;
  auto image = pe::File::from_memory(
      [source, range](Rva rva, std::span<std::byte> out) -> size_t {
        if (rva.value >= range.size()) return 0;
        size_t n = std::min<uint64_t>(out.size(), range.size() - rva.value);
        return source->read(range.begin + rva.value, out.first(n));
      },
      module.path);
  if (!image) return;
  files.pe = *image;
  if (files.availability == Availability::none && !files.pe->exports().empty()) {
    files.availability = Availability::public_only;
    files.from = "the dump's memory (exports)";
  }
}

}  // namespace inquest::locate
