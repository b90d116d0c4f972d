/// `leaks` as JSON (schema/leaks.schema.json) and CSV.
#include <fmt/format.h>

#include "report/json.h"
#include "report/report.h"

namespace inquest::report {
namespace {

Json json_of(const answer::BlockSum& sum) { return {{"blocks", sum.blocks}, {"bytes", sum.bytes}}; }

Json json_of(const answer::LeakShape& shape) {
  Json json{{"kind", shape.possible ? "possible" : "definite"},
            {"groups", shape.groups},
            {"blocks", shape.blocks},
            {"bytes", shape.bytes},
            {"head_size", shape.head_size},
            {"least_blocks", shape.least_blocks},
            {"most_blocks", shape.most_blocks}};
  if (!shape.type.empty()) json["type"] = shape.type;
  json["heads"] = Json::array();
  for (Address head : shape.heads) json["heads"].push_back(fmt::format("{}", head));
  if (!shape.text.empty()) json["text"] = shape.text;
  if (!shape.words.empty()) json["words"] = shape.words;
  if (!shape.origin.empty()) json["origin"] = shape.origin;
  return json;
}

Json json_of(const answer::LeakRoots& roots) {
  return {{"kind", roots.kind},
          {"ranges", roots.ranges},
          {"bytes", roots.bytes},
          {"pointers", roots.pointers}};
}

Json json_of(const answer::HeldKind& kind) {
  Json json{{"size", kind.size}, {"blocks", kind.blocks}, {"bytes", kind.bytes}};
  if (!kind.type.empty()) {
    json["type"] = kind.type;
    json["type_share"] = kind.type_share;
  }
  return json;
}

Json json_of(const answer::Suspect& suspect) {
  Json json{{"bytes", suspect.bytes},
            {"blocks", suspect.blocks},
            {"share", suspect.share},
            {"owners", suspect.owners}};
  if (suspect.holder) {
    json["holder"] = {{"address", fmt::format("{}", *suspect.holder)},
                      {"size", suspect.holder_size}};
    if (!suspect.holder_type.empty()) json["holder"]["type"] = suspect.holder_type;
  }
  if (suspect.inside)
    json["inside"] = {{"address", fmt::format("{}", *suspect.inside)},
                      {"type", suspect.inside_type}};
  json["kinds"] = Json::array();
  for (const answer::HeldKind& kind : suspect.kinds) json["kinds"].push_back(json_of(kind));
  return json;
}

}  // namespace

std::string leaks_json(const answer::Leaks& leaks) {
  Document document("inquest.leaks/1");
  document.member("dump", json_of(leaks.dump));
  if (leaks.read_in_place_ms) document.member("read_in_place_ms", *leaks.read_in_place_ms);
  document.member("allocators", leaks.allocators);
  document.member("totals", Json{{"definite", json_of(leaks.definite)},
                                 {"indirect", json_of(leaks.indirect)},
                                 {"possible", json_of(leaks.possible)},
                                 {"reachable", json_of(leaks.reachable)}});
  document.list("shapes", leaks.shapes, [](const auto& shape) { return json_of(shape); });
  if (leaks.suspects)
    document.list("suspects", *leaks.suspects, [](const auto& some) { return json_of(some); });
  document.list("roots", leaks.roots, [](const auto& roots) { return json_of(roots); });
  Json search{{"scanned_bytes", leaks.scanned_bytes},
              {"missing_bytes", leaks.missing_bytes},
              {"own_bytes", leaks.own_bytes},
              {"tagged_words", leaks.tagged_words}};
  if (leaks.pointer_mask != 0) search["pointer_mask"] = fmt::format("{:#x}", leaks.pointer_mask);
  if (leaks.tag_mask != 0) search["tag_mask"] = fmt::format("{:#x}", leaks.tag_mask);
  document.member("search", search);
  document.list("warnings", leaks.warnings);
  return std::move(document).finish();
}

std::string leaks_csv(const answer::Leaks& leaks) {
  std::string out = "address,size,kind,head\n";
  for (const answer::LostBlock& block : leaks.blocks)
    fmt::format_to(std::back_inserter(out), "{},{},{},{}\n", block.at, block.size, block.kind,
                   block.head);
  return out;
}

}  // namespace inquest::report
