#include "report/diff_report.h"
#include "report/json.h"

namespace inquest::report {
namespace {

Json sum_json(const answer::BlockSum& sum) {
  return {{"blocks", sum.blocks}, {"bytes", sum.bytes}};
}

/// Type, or size where no type is known.
Json kind_json(const std::string& type, uint64_t size) {
  Json json = Json::object();
  put(json, "type", type);
  if (size != 0) json["size"] = size;
  return json;
}

Json gathering_json(const answer::Gathering& gathering) {
  Json path = Json::array(), kinds = Json::array();
  for (const answer::GatheringStep& step : gathering.path) {
    Json json = kind_json(step.type, step.size);
    put(json, "member", step.member);
    json["blocks"] = step.blocks;
    path.push_back(std::move(json));
  }
  for (const answer::GrownKind& kind : gathering.kinds) {
    Json json = kind_json(kind.type, kind.size);
    json["blocks"] = kind.blocks;
    json["bytes"] = kind.bytes;
    kinds.push_back(std::move(json));
  }
  Json json = {{"path", path}, {"bytes", gathering.bytes}, {"kept", gathering.kept}};
  if (gathering.largest)
    json["largest"] = {{"at", hex(gathering.largest->value)}, {"kept", gathering.largest_kept}};
  json["more"] = kinds;
  return json;
}

const char* change_name(const answer::Growth& growth) {
  if (growth.is_new()) return "new";
  if (growth.is_gone()) return "gone";
  if (growth.bytes() == 0) return "none";
  return growth.bytes() > 0 ? "grew" : "shrank";
}

Json growth_json(const answer::Growth& growth) {
  Json json = {{"what", growth.what},
               {"change", change_name(growth)},
               {"bytes", growth.bytes()},
               {"blocks", growth.blocks()},
               {"before", sum_json(growth.at.front())},
               {"after", sum_json(growth.at.back())}};
  put(json, "part_of", growth.part_of);
  if (growth.at.size() > 2) {
    json["every_step"] = growth.confirmed;
    for (const answer::BlockSum& sum : growth.at) json["each"].push_back(sum_json(sum));
  }
  if (growth.gathering) json["gathering"] = gathering_json(*growth.gathering);
  return json;
}

Json ages_json(const answer::Ages& ages) {
  Json types = Json::array();
  for (const answer::Survivors& some : ages.survivors)
    types.push_back(
        {{"type", some.type}, {"born", sum_json(some.born)}, {"alive", sum_json(some.alive)}});
  return {{"born", sum_json(ages.born)},
          {"gone", sum_json(ages.gone)},
          {"alive", sum_json(ages.alive)},
          {"types", types}};
}

Json pace_json(const answer::Pace& pace) {
  Json json = {{"hours", pace.hours},
               {"bytes_per_hour", pace.bytes_per_hour},
               {"by_file_times", pace.by_file_times}};
  if (pace.end)
    json["end_estimate"] = {{"what", pace.end->what},
                            {"used", pace.end->used},
                            {"most", pace.end->most},
                            {"hours", pace.end->hours}};
  return json;
}

}  // namespace

std::string diff_json(const answer::Diff& diff) {
  Document document("inquest.diff/1");
  document.list("dumps", diff.dumps);
  document.member("one_process", diff.one_process);
  document.member("total", growth_json(diff.total));
  document.member("lost", growth_json(diff.lost));
  document.member("noise", diff.noise);
  document.list("owners", diff.owners, growth_json);
  document.list("types", diff.types, growth_json);
  document.list("sizes", diff.sizes, growth_json);
  document.list("arenas", diff.arenas, growth_json);
  if (diff.ages) document.member("by_address", ages_json(*diff.ages));
  if (diff.pace) document.member("pace", pace_json(*diff.pace));
  document.list("warnings", diff.warnings);
  return std::move(document).finish();
}

}  // namespace inquest::report
