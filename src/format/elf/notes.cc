#include <elf.h>

#include "base/cursor.h"
#include "base/limits.h"
#include "format/elf/file.h"
#include "format/elf/layout.h"

namespace inquest::elf {
namespace {

/// Appends the notes of one run of bytes; ends quietly at the first that does not fit.
void append_notes(Bytes run, uint64_t origin, uint64_t alignment, std::vector<Note>& notes) {
  // Only GNU properties on 64 bit are really aligned to 8; cores say 0, 1 or 4 and mean 4.
  if (alignment != 8) alignment = 4;
  Cursor cursor{run, "notes", origin};
  // The padding after the last note may be missing.
  auto pad = [&] {
    uint64_t rest = cursor.position() & (alignment - 1);
    if (rest) cursor.skip(std::min(alignment - rest, cursor.remaining()));
  };
  while (!cursor.at_end() && notes.size() < kLimits.regions) {
    auto head = cursor.read<NoteHeader>();
    // Zeros are a hole in a sparse or cut file, not millions of empty notes.
    if (head.name_size == 0 && head.description_size == 0 && head.type == 0) return;
    Bytes name = cursor.take(head.name_size);
    pad();
    uint64_t at = origin + cursor.position();
    Bytes description = cursor.take(head.description_size);
    if (cursor.failed()) return;
    pad();
    std::string_view owner{reinterpret_cast<const char*>(name.data()), name.size()};
    if (size_t nul = owner.find('\0'); nul != owner.npos) owner = owner.substr(0, nul);
    notes.push_back({.owner = owner, .type = head.type, .description = description, .offset = at});
  }
}

/// Segments of a sound file do not overlap; were they allowed to, a small file could hold the same
/// notes a million times over.
class NoteBudget {
 public:
  explicit NoteBudget(uint64_t bytes) : left_(bytes) {}
  Bytes take(Bytes run) {
    run = clip(run, 0, left_);
    left_ -= run.size();
    return run;
  }

 private:
  uint64_t left_;
};

Bytes find_build_id(const std::vector<Note>& notes) {
  constexpr size_t kLongest = 64;  // 20 by the GNU linker, 8 or 16 by others
  for (const Note& note : notes) {
    if (note.owner == ELF_NOTE_GNU && note.type == NT_GNU_BUILD_ID && !note.description.empty() &&
        note.description.size() <= kLongest) {
      return note.description;
    }
  }
  return {};
}

}  // namespace

std::vector<Note> parse_notes(Bytes run, uint64_t origin, uint64_t alignment) {
  std::vector<Note> notes;
  append_notes(run, origin, alignment, notes);
  return notes;
}

std::vector<Note> File::notes() const {
  std::vector<Note> notes;
  NoteBudget budget(bytes_.size());
  for (const Segment& s : segments_) {
    if (s.type != PT_NOTE) continue;
    append_notes(budget.take(segment_data(s)), s.offset, s.align, notes);
  }
  if (!segments_.empty()) return notes;
  for (const Section& s : sections_) {
    if (s.type != SHT_NOTE) continue;
    append_notes(budget.take(clip(bytes_, s.offset, s.size)), s.offset, 4, notes);
  }
  return notes;
}

Bytes File::build_id() const {
  // Sections first: in a separate debug file the segments still describe the stripped one.
  std::vector<Note> notes;
  NoteBudget budget(bytes_.size());
  for (const Section& s : sections_) {
    if (s.type != SHT_NOTE || !s.name.starts_with(".note")) continue;
    append_notes(budget.take(clip(bytes_, s.offset, s.size)), s.offset, 4, notes);
  }
  if (Bytes id = find_build_id(notes); !id.empty()) return id;
  return find_build_id(this->notes());
}

std::optional<File::DebugLink> File::debug_link() const {
  Cursor cursor{section_data(".gnu_debuglink"), ".gnu_debuglink"};
  DebugLink link{};
  link.name = cursor.c_string();
  cursor.align(4);
  link.crc = cursor.read<le32>();
  if (cursor.failed() || link.name.empty()) return {};
  return link;
}

std::optional<File::AltLink> File::alt_link() const {
  Cursor cursor{section_data(".gnu_debugaltlink"), ".gnu_debugaltlink"};
  AltLink link{};
  link.path = cursor.c_string();
  link.build_id = cursor.take(cursor.remaining());
  if (cursor.failed() || link.path.empty()) return {};
  return link;
}

}  // namespace inquest::elf
