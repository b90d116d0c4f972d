#include "capture/core_writer.h"

#include <algorithm>
#include <cstring>
#include <elf.h>
#include <fmt/core.h>
#include <span>
#include <string.h>
#include <utility>

#include "capture/core_notes.h"
#include "capture/core_segments.h"
#include "capture/memory_map.h"
#include "capture/populated_pages.h"
#include "capture/proc_files.h"
#include "capture/process_memory.h"
#include "capture/sparse_file.h"

namespace inquest::capture {
namespace {

#if defined(__x86_64__)
constexpr uint16_t kMachine = EM_X86_64;
#elif defined(__aarch64__)
constexpr uint16_t kMachine = EM_AARCH64;
#endif

/// Large enough that system calls cost nothing beside the copying, small enough for the cache.
constexpr size_t kChunk = 1 << 20;
/// Page facts are asked for this much address space at a time, so that their list stays short.
constexpr uint64_t kWindow = 1ull << 30;

uint64_t aligned(uint64_t value) { return (value + page_size() - 1) / page_size() * page_size(); }

/// Copies memory into the file, counting what could not be read.
class Copier {
 public:
  Copier(const ProcessMemory& memory, SparseFile& file)
      : memory_(memory), file_(file), buffer_(kChunk) {}

  Result<> copy(AddressRange range, uint64_t offset) {
    const uint64_t page = page_size();
    uint64_t at = 0;
    while (at < range.size()) {
      uint64_t size = std::min<uint64_t>(buffer_.size(), range.size() - at);
      std::span<std::byte> chunk(buffer_.data(), size);
      size_t got = memory_.read(range.begin + at, chunk);
      TRY(file_.write_sparse(offset + at, chunk.first(got)));
      at += got;
      if (got == size) continue;
      // A page that nobody can read, such as one past the end of a mapped file: a hole.
      uint64_t next = std::min(at / page * page + page, range.size());
      unread_ += next - at;
      at = next;
    }
    return {};
  }
  uint64_t unread() const { return unread_; }

 private:
  const ProcessMemory& memory_;
  SparseFile& file_;
  std::vector<std::byte> buffer_;
  uint64_t unread_ = 0;
};

class Core {
 public:
  Core(const ProcessImage& image, std::vector<Mapping> mappings, ProcessMemory memory,
       SparseFile file, std::chrono::steady_clock::time_point stopped_since)
      : image_(image),
        mappings_(std::move(mappings)),
        memory_(std::move(memory)),
        file_(std::move(file)),
        stopped_since_(stopped_since) {
    if (auto pages = PopulatedPages::open(image.memory_thread)) pages_.emplace(*std::move(pages));
  }

  Result<CoreWritten> write(Extent extent, WhenFull when_full) {
    if (!pages_) {
      warn("the page map of the process cannot be read; large mappings are read whole",
           "run inquest as the same user or as root");
    }
    plan(extent);
    auto room = make_room();
    if (!room && when_full == WhenFull::stacks_only) {
      warn(room.error().line() + "; only the stacks and small data are recorded");
      plan(Extent::stacks);
      room = make_room();
    }
    TRY(std::move(room));
    TRY(write_headers());
    TRY(write_memory());
    TRY(file_.write(notes_begin_, core_notes(image_, mappings_, stopped())));
    TRY(file_.commit());
    return CoreWritten{.path = file_.path(),
                       .bytes = end_,
                       .stopped = stopped(),
                       .warnings = std::move(warnings_),
                       .disk_bytes = file_.bytes_on_disk(),
                       .pid = image_.process,
                       .threads = image_.threads.size()};
  }

 private:
  void warn(std::string what, std::string advice = {}) {
    warnings_.push_back({std::move(what), std::move(advice)});
  }
  std::chrono::microseconds stopped() const {
    return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() -
                                                                 stopped_since_);
  }

  Result<> make_room() {
    uint64_t needed = memory_begin_;
    for (const auto& segment : segments_) needed += segment.estimate;
    TRY(file_.expect_room(needed));
    return file_.resize(end_);
  }

  /// header | program headers | section header 0 when there are too many | notes | memory
  void plan(Extent extent) {
    PageFacts facts;
    for (const auto& thread : image_.threads) {
      facts.stack_pointers.push_back({stack_pointer(thread)});
    }
    std::sort(facts.stack_pointers.begin(), facts.stack_pointers.end());
    facts.populated = [this](const Mapping& mapping) {
      return populated(mapping, mapping.range, PopulatedPages::Want::any);
    };
    facts.modified = [this](const Mapping& mapping) {
      return populated(mapping, mapping.range, PopulatedPages::Want::modified);
    };
    facts.begins_with_elf_header = [this](const Mapping& mapping) {
      std::byte magic[SELFMAG] = {};
      return memory_.read(mapping.range.begin, magic) == SELFMAG &&
             ::memcmp(magic, ELFMAG, SELFMAG) == 0;
    };
    segments_ = plan_segments(mappings_, facts, extent);

    headers_ = segments_.size() + 1;
    sections_begin_ = sizeof(Elf64_Ehdr) + headers_ * sizeof(Elf64_Phdr);
    notes_begin_ = sections_begin_ + (many_headers() ? sizeof(Elf64_Shdr) : 0);
    notes_bytes_ = core_notes(image_, mappings_, {}).size();
    memory_begin_ = aligned(notes_begin_ + notes_bytes_);
    end_ = memory_begin_;
    for (const auto& segment : segments_) end_ += aligned(segment.recorded);
  }

  /// Extended numbering (gABI): the count does not fit in e_phnum.
  bool many_headers() const { return headers_ >= PN_XNUM; }

  Result<> write_headers() {
    Elf64_Ehdr header{};
    ::memcpy(header.e_ident, ELFMAG, SELFMAG);
    header.e_ident[EI_CLASS] = ELFCLASS64;
    header.e_ident[EI_DATA] = ELFDATA2LSB;
    header.e_ident[EI_VERSION] = EV_CURRENT;
    header.e_type = ET_CORE;
    header.e_machine = kMachine;
    header.e_version = EV_CURRENT;
    header.e_phoff = sizeof(Elf64_Ehdr);
    header.e_ehsize = sizeof(Elf64_Ehdr);
    header.e_phentsize = sizeof(Elf64_Phdr);
    header.e_phnum = static_cast<uint16_t>(std::min<uint64_t>(headers_, PN_XNUM));
    if (many_headers()) {
      Elf64_Shdr section{};
      section.sh_info = static_cast<uint32_t>(headers_);
      header.e_shoff = sections_begin_;
      header.e_shentsize = sizeof(Elf64_Shdr);
      header.e_shnum = 1;
      TRY(file_.write(sections_begin_, std::as_bytes(std::span(&section, 1))));
    }
    TRY(file_.write(0, std::as_bytes(std::span(&header, 1))));

    std::vector<Elf64_Phdr> table;
    table.reserve(headers_);
    table.push_back(
        {.p_type = PT_NOTE, .p_offset = notes_begin_, .p_filesz = notes_bytes_, .p_align = 4});
    uint64_t offset = memory_begin_;
    for (const auto& segment : segments_) {
      table.push_back({.p_type = PT_LOAD,
                       .p_flags = (segment.read ? PF_R : 0u) | (segment.write ? PF_W : 0u) |
                                  (segment.execute ? PF_X : 0u),
                       .p_offset = offset,
                       .p_vaddr = segment.range.begin.value,
                       .p_filesz = segment.recorded,
                       .p_memsz = segment.range.size(),
                       .p_align = page_size()});
      offset += aligned(segment.recorded);
    }
    return file_.write(sizeof header, std::as_bytes(std::span(table)));
  }

  Result<> write_memory() {
    Copier copier(memory_, file_);
    uint64_t offset = memory_begin_;
    for (const auto& segment : segments_) {
      AddressRange recorded{segment.range.begin, segment.range.begin + segment.recorded};
      if (segment.pages == Segment::Pages::all) TRY(copier.copy(recorded, offset));
      // Nothing was resident when the map was read, and the process stands still.
      bool untouched = segment.of->detailed && segment.estimate == 0 && !segment.of->huge_pages &&
                       !segment.of->shared;
      if (segment.pages == Segment::Pages::populated && !untouched) {
        TRY(copy_populated(copier, segment, recorded, offset));
      }
      offset += aligned(segment.recorded);
    }
    if (copier.unread() > 0) {
      warn(fmt::format("{} KiB of mapped memory could not be read, and are zero in the core",
                       copier.unread() / 1024));
    }
    return {};
  }

  Result<> copy_populated(Copier& copier, const Segment& segment, AddressRange recorded,
                          uint64_t offset) {
    const uint64_t step = segment.of->shared ? recorded.size() : kWindow;
    for (Address at = recorded.begin; at < recorded.end;) {
      AddressRange window{at, at + std::min(step, recorded.end - at)};
      auto runs = populated(*segment.of, window, PopulatedPages::Want::any);
      if (!runs) runs.emplace(1, window);
      for (const auto& run : *runs) {
        TRY(copier.copy(run, offset + (run.begin - recorded.begin)));
      }
      at = window.end;
    }
    return {};
  }

  std::optional<std::vector<AddressRange>> populated(const Mapping& mapping, AddressRange range,
                                                     PopulatedPages::Want want) {
    // Pages of shared memory that other processes filled are not in this one's page map.
    if (mapping.shared && range == mapping.range) {
      auto data = data_of_mapped_file(image_.memory_thread, mapping.range, mapping.offset);
      if (data) return data;
    }
    if (mapping.shared && range.size() <= kSmallShared) return {};
    if (mapping.shared && !mapping.huge_pages && !std::exchange(warned_shared_, true)) {
      warn("of large shared memory, only the pages that this process touched are recorded",
           "run inquest as root to have all of them");
    }
    if (!pages_) return {};
    return pages_->runs(range, want);
  }

  /// Shared memory of unknown population is read whole up to here.
  static constexpr uint64_t kSmallShared = 64ull << 20;

  const ProcessImage& image_;
  std::vector<Mapping> mappings_;
  ProcessMemory memory_;
  SparseFile file_;
  std::optional<PopulatedPages> pages_;
  std::chrono::steady_clock::time_point stopped_since_;
  std::vector<Segment> segments_;
  std::vector<Warning> warnings_;
  bool warned_shared_ = false;
  uint64_t headers_ = 0, sections_begin_ = 0, notes_begin_ = 0, notes_bytes_ = 0;
  uint64_t memory_begin_ = 0, end_ = 0;
};

}  // namespace

Result<CoreWritten> write_core(const ProcessImage& image, const std::string& path, bool everything,
                               std::chrono::steady_clock::time_point stopped_since,
                               WhenFull when_full) {
  auto text = read_proc(image.memory_thread, "smaps");
  if (!text || text->empty()) text = read_proc(image.memory_thread, "maps");
  if (!text || text->empty()) {
    return fail(fmt::format("process {} ended before its memory was read", image.process));
  }
  auto mappings = parse_memory_map(*text);
  auto memory = TRY(ProcessMemory::open(image.memory_thread));
  auto file = TRY(SparseFile::create(path));
  Core core(image, std::move(mappings), std::move(memory), std::move(file), stopped_since);
  return core.write(everything ? Extent::everything : Extent::usual, when_full);
}

}  // namespace inquest::capture
