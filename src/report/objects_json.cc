/// `objects` as JSON (schema/objects.schema.json) and CSV.
#include <fmt/core.h>

#include "report/csv.h"
#include "report/fields.h"
#include "report/json.h"
#include "report/objects_explained.h"
#include "report/objects_report.h"

namespace inquest::report {
namespace {

Json json_of(const answer::ObjectSum& sum) {
  Json json{{"blocks", sum.blocks}, {"objects", sum.objects}, {"bytes", sum.bytes}};
  if (!sum.type.empty()) json["type"] = sum.type;
  if (sum.size != 0) json["size"] = sum.size;
  if (sum.retained) json["retained"] = *sum.retained;
  json["how"] = Json::object();
  for (const auto& [how, blocks] : sum.how) json["how"][how] = blocks;
  return json;
}

Json json_of(const answer::ObjectInstance& one) {
  Json json{{"address", fmt::format("{}", one.at)},
            {"block", fmt::format("{}", one.block)},
            {"size", one.size},
            {"count", one.count},
            {"type", one.type},
            {"how", one.how},
            {"percent", one.percent},
            {"state", one.state},
            {"where", one.where}};
  json["fields"] = Json::array();
  for (const answer::Field& field : one.fields) json["fields"].push_back(field_json(field));
  return json;
}

Json json_of(const answer::OutsideSum& sum) {
  Json json{{"type", sum.type},   {"state", sum.state},           {"objects", sum.objects},
            {"bytes", sum.bytes}, {"pointed_to", sum.pointed_to}, {"percent", sum.percent}};
  if (sum.size != 0) json["size"] = sum.size;
  return json;
}

Json json_of(const answer::ObjectConflict& one) {
  return {{"block", fmt::format("{}", one.block)},
          {"taken", one.taken},
          {"other", one.other},
          {"how", one.how}};
}

std::string hows_of(const answer::ObjectSum& sum) {
  std::string text;
  for (const auto& [how, blocks] : sum.how) {
    if (!text.empty()) text += ' ';
    text += how + "=" + std::to_string(blocks);
  }
  return text;
}

}  // namespace

std::string objects_json(const answer::Objects& objects) {
  Document document("inquest.objects/1");
  document.member("dump", json_of(objects.dump));
  document.member("allocators", objects.allocators);
  document.member("totals", Json{{"blocks", objects.blocks},
                                 {"bytes", objects.bytes},
                                 {"typed_blocks", objects.typed_blocks},
                                 {"typed_bytes", objects.typed_bytes}});
  if (!objects.has_instances) document.member("explained", explained_json(objects.explained));
  document.list("census", objects.census, [](const auto& sum) { return json_of(sum); });
  if (objects.has_instances) {
    document.member("wanted", objects.wanted);
    document.list("instances", objects.instances, [](const auto& one) { return json_of(one); });
  }
  document.list("outside", objects.outside, [](const auto& sum) { return json_of(sum); });
  document.member("conflict_count", objects.conflict_count);
  document.list("conflicts", objects.conflicts, [](const auto& one) { return json_of(one); });
  document.member("search",
                  Json{{"typed_places", objects.typed_places}, {"own_bytes", objects.own_bytes}});
  document.list("warnings", objects.warnings);
  return std::move(document).finish();
}

std::string objects_csv(const answer::Objects& objects) {
  std::string out;
  if (objects.has_instances) {
    out = "address,size,count,type,how,percent,state,where,fields\n";
    for (const answer::ObjectInstance& one : objects.instances) {
      out += csv_line({fmt::format("{}", one.at), std::to_string(one.size),
                       std::to_string(one.count), one.type, one.how, std::to_string(one.percent),
                       one.state, one.where, fields_line(one.fields)});
    }
    return out;
  }
  out = "type,blocks,objects,bytes,object_size,how,retained,state\n";
  for (const answer::ObjectSum& sum : objects.census) {
    out += csv_line({sum.type, std::to_string(sum.blocks), std::to_string(sum.objects),
                     std::to_string(sum.bytes), std::to_string(sum.size), hows_of(sum),
                     sum.retained ? std::to_string(*sum.retained) : "", "used"});
  }
  for (const answer::OutsideSum& sum : objects.outside) {
    out += csv_line({sum.type, "", std::to_string(sum.objects), std::to_string(sum.bytes),
                     std::to_string(sum.size), "", "", sum.state});
  }
  return out;
}

}  // namespace inquest::report
