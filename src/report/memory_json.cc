/// `memory` as JSON (schema/memory.schema.json) and as a list of areas for spreadsheets.
#include "report/csv.h"
#include "report/json.h"
#include "report/report.h"

namespace inquest::report {
namespace {

using answer::MemoryArea;
using answer::MemoryTotal;

Json json_of(const MemoryArea& area) {
  Json json{
      {"base", fmt::format("{:#x}", area.begin.value)}, {"size", area.size}, {"use", area.use}};
  if (!area.access.empty()) json["access"] = area.access;
  if (!area.what.empty()) json["what"] = area.what;
  if (area.thread) json["thread"] = *area.thread;
  json["recorded"] = area.recorded;
  return json;
}

Json json_of(const MemoryTotal& total, const char* key) {
  return {{key, total.use},
          {"areas", total.areas},
          {"bytes", total.bytes},
          {"committed", total.committed},
          {"recorded", total.recorded},
          {"largest", total.largest}};
}

Json json_of(const answer::MemoryCeiling& ceiling) {
  Json json{{"what", ceiling.what},
            {"used", ceiling.used},
            {"most", ceiling.most},
            {"unit", ceiling.is_bytes ? "bytes" : "count"}};
  if (ceiling.is_assumed) json["assumed"] = true;
  return json;
}

}  // namespace

std::string memory_json(const answer::Memory& memory) {
  Document document("inquest.memory/1");
  document.member("dump", json_of(memory.dump));
  if (memory.read_in_place_ms) document.member("read_in_place_ms", *memory.read_in_place_ms);
  document.member("complete", memory.is_whole);
  auto totals = [&](const char* list, const char* key, const std::vector<MemoryTotal>& values) {
    document.list(list, values, [key](const MemoryTotal& total) { return json_of(total, key); });
  };
  totals("by_use", "use", memory.totals);
  totals("by_access", "access", memory.by_access);
  totals("by_holder", "what", memory.by_what);
  document.member("free",
                  Json{{"bytes", memory.free_bytes},
                       {"holes", memory.holes},
                       {"largest", memory.largest_hole.size},
                       {"largest_base", fmt::format("{:#x}", memory.largest_hole.begin.value)}});
  auto area_json = [](const MemoryArea& area) { return json_of(area); };
  document.list("ceilings", memory.ceilings, [](const auto& c) { return json_of(c); });
  document.list("newest", memory.newest, area_json);
  document.list("areas", memory.areas, area_json);
  document.list("warnings", memory.warnings);
  return std::move(document).finish();
}

std::string memory_csv(const answer::Memory& memory) {
  std::string text = csv_line({"address", "size", "use", "access", "recorded", "what"});
  for (const MemoryArea& area : memory.areas) {
    text += csv_line({fmt::format("{:#x}", area.begin.value), std::to_string(area.size), area.use,
                      area.access, std::to_string(area.recorded), area.what});
  }
  return text;
}

}  // namespace inquest::report
