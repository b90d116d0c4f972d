#include "report/json.h"
#include "report/refs_report.h"

namespace inquest::report {
namespace {

Json json_of(const answer::RefPlace& place) {
  Json json{{"kind", place.kind}};
  if (place.at.value != 0) json["address"] = fmt::format("{}", place.at);
  if (!place.name.empty()) json["name"] = place.name;
  if (place.begin) {
    json["begin"] = fmt::format("{}", *place.begin);
    if (place.size != 0) json["size"] = place.size;
    json["offset"] = place.offset;
  }
  if (!place.type.empty()) json["type"] = place.type;
  if (!place.member.empty()) json["member"] = place.member;
  if (!place.element_of.empty()) json["element"] = place.element_of;
  return json;
}

Json places_json(const std::vector<answer::RefPlace>& places) {
  Json list = Json::array();
  for (const answer::RefPlace& place : places) list.push_back(json_of(place));
  return list;
}

}  // namespace

std::string refs_json(const answer::Refs& refs) {
  Document document("inquest.refs/1");
  document.member("dump", json_of(refs.dump));
  document.member("target", json_of(refs.target));
  if (!refs.reach.empty()) {
    document.member("reach", refs.reach);
    document.member("retained",
                    Json{{"bytes", refs.retained_bytes}, {"blocks", refs.retained_blocks}});
    document.member("keepers", places_json(refs.keepers));
  }
  document.member("direction", refs.is_forward ? "from" : "to");
  document.member("count", refs.all_refs);
  document.member("stale", refs.stale_refs);
  document.list("refs", refs.refs, [](const answer::Ref& ref) {
    return Json{{"level", ref.level},
                {"from", json_of(ref.from)},
                {"value", fmt::format("{}", ref.value)},
                {"to", json_of(ref.to)}};
  });
  document.list("paths", refs.paths, [](const answer::RefPath& path) {
    return Json{{"owner", path.owner}, {"places", places_json(path.places)}};
  });
  document.list("warnings", refs.warnings);
  return std::move(document).finish();
}

}  // namespace inquest::report
