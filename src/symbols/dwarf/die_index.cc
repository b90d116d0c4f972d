#include "symbols/dwarf/die_index.h"

#include <algorithm>
#include <atomic>
#include <llvm/BinaryFormat/Dwarf.h>
#include <mutex>
#include <thread>

#include "symbols/dwarf/die_reader.h"

namespace inquest::symbols {

using namespace llvm::dwarf;
using die_index::DieReader;
using die_index::Signatures;
using die_index::UnitPlace;

namespace {

constexpr unsigned kMostReaders = 16;

/// Headers only. Type units are noted by their signature.
std::vector<UnitPlace> list_units(const std::vector<UnitSection>& sections,
                                  Signatures& signatures) {
  std::vector<UnitPlace> units;
  for (const UnitSection& section : sections) {
    Cursor cursor(section.info, ".debug_info");
    while (cursor.remaining() >= 11 && !cursor.failed()) {
      UnitPlace unit{.section = &section, .offset = cursor.position()};
      UnitParameters& parameters = unit.parameters;
      parameters.offset_size = 4;
      uint64_t length = cursor.read<le32>();
      if (length == 0xffffffff) {
        length = cursor.read<le64>();
        parameters.offset_size = 8;
      }
      if (length > cursor.remaining()) length = cursor.remaining();
      unit.end = cursor.position() + length;
      parameters.version = cursor.read<le16>();
      uint8_t kind = section.is_types ? DW_UT_type : DW_UT_compile;
      if (parameters.version >= 5) {
        kind = cursor.read<u8>();
        parameters.address_size = cursor.read<u8>();
        unit.abbreviations = read_number(cursor, parameters.offset_size);
      } else {
        unit.abbreviations = read_number(cursor, parameters.offset_size);
        parameters.address_size = cursor.read<u8>();
      }
      if (kind == DW_UT_skeleton || kind == DW_UT_split_compile) cursor.skip(8);
      if (kind == DW_UT_type) {
        const uint64_t signature = cursor.read<le64>();
        const uint64_t type = read_number(cursor, parameters.offset_size);
        signatures.try_emplace(signature, section.space | (unit.offset + type));
      }
      unit.first_die = cursor.position();
      const bool sound = !cursor.failed() && parameters.version >= 2 && parameters.version <= 5 &&
                         (parameters.address_size == 4 || parameters.address_size == 8) &&
                         unit.first_die <= unit.end;
      if (sound) units.push_back(unit);
      if (cursor.failed()) break;
      cursor.seek(unit.end);
    }
  }
  return units;
}

void append(DieIndex& all, DieIndex part) {
  auto move = [](auto& to, auto& from) {
    to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
  };
  move(all.variables, part.variables);
  move(all.types, part.types);
  move(all.templates, part.templates);
  move(all.classes, part.classes);
  move(all.skeletons, part.skeletons);
}

void put_in_order(DieIndex& index) {
  std::sort(index.types.begin(), index.types.end());
  // A template's instances are told apart by their own names: the ids that stay below.
  auto last = std::unique(index.types.begin(), index.types.end(),
                          [](const auto& a, const auto& b) { return a.hash == b.hash; });
  index.types.erase(last, index.types.end());
  index.types.shrink_to_fit();
  std::vector<uint64_t> kept(index.types.size());
  std::transform(index.types.begin(), index.types.end(), kept.begin(),
                 [](const auto& d) { return d.id; });
  std::sort(kept.begin(), kept.end());
  auto is_dropped = [&](const auto& d) {
    return !std::binary_search(kept.begin(), kept.end(), d.id);
  };
  std::erase_if(index.templates, is_dropped);
  std::erase_if(index.classes, is_dropped);
  index.classes.shrink_to_fit();
  std::sort(index.classes.begin(), index.classes.end());
  index.templates.shrink_to_fit();
  std::sort(index.templates.begin(), index.templates.end());
  std::sort(index.skeletons.begin(), index.skeletons.end());
  std::sort(index.variables.begin(), index.variables.end(), [](const auto& a, const auto& b) {
    return std::tie(a.is_thread_local, a.address, a.die) <
           std::tie(b.is_thread_local, b.address, b.die);
  });
}

}  // namespace

DieIndex read_die_index(const DwarfFile& debug, const DwarfFile* alternate,
                        const std::vector<UnitSection>& sections, uint64_t alternate_space) {
  die_index::Strings strings{.str = debug.section_data(".debug_str"),
                             .line_str = debug.section_data(".debug_line_str"),
                             .offsets = debug.section_data(".debug_str_offsets"),
                             .address = debug.section_data(".debug_addr")};
  if (alternate) strings.alternate_str = alternate->section_data(".debug_str");
  const Bytes abbreviations = debug.section_data(".debug_abbrev");
  const Bytes others = alternate ? alternate->section_data(".debug_abbrev") : Bytes{};
  Signatures signatures;
  const std::vector<UnitPlace> units = list_units(sections, signatures);

  DieIndex index;
  std::atomic<size_t> next = 0;
  std::mutex adding;
  auto work = [&] {
    DieReader main(strings, abbreviations, signatures, alternate_space);
    DieReader alt(strings, others, signatures, alternate_space);
    for (size_t i; (i = next++) < units.size();) {
      (units[i].section->is_alternate ? alt : main).read(units[i]);
    }
    std::lock_guard lock(adding);
    append(index, main.take());
    append(index, alt.take());
  };
  std::vector<std::thread> threads;
  const unsigned n = std::min(kMostReaders, std::max(1u, std::thread::hardware_concurrency()));
  for (unsigned i = 1; i < n && i < units.size(); ++i) threads.emplace_back(work);
  work();
  for (std::thread& thread : threads) thread.join();
  put_in_order(index);
  index.has_type_units = !signatures.empty();
  return index;
}

uint64_t DieIndex::find(std::string_view qualified_name) const {
  const uint64_t hash = die_index::hash_of(qualified_name);
  auto at = std::lower_bound(types.begin(), types.end(), Definition{hash, 0});
  return at != types.end() && at->hash == hash ? at->id : 0;
}

std::vector<uint64_t> DieIndex::classes_of_size(uint64_t size) const {
  std::vector<uint64_t> out;
  for (auto at = std::lower_bound(classes.begin(), classes.end(), Class{size, 0});
       at != classes.end() && at->size == size; ++at) {
    out.push_back(at->id);
  }
  return out;
}

std::vector<uint64_t> DieIndex::instances(std::string_view template_name) const {
  const uint64_t hash = die_index::hash_of(template_name);
  std::vector<uint64_t> out;
  for (auto at = std::lower_bound(templates.begin(), templates.end(), Definition{hash, 0});
       at != templates.end() && at->hash == hash; ++at) {
    out.push_back(at->id);
  }
  return out;
}

}  // namespace inquest::symbols
