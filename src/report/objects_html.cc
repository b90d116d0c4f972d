/// A heap as one file: the census, the tree of keepers, who points where. Opens anywhere and asks
/// no server; the data lie in the page as JSON, and its scripts draw them.
#include <algorithm>
#include <fmt/core.h>

#include "report/heap_page_assets.h"
#include "report/html.h"
#include "report/json.h"
#include "report/objects_report.h"
#include "report/page_assets.h"
#include "report/prose.h"
#include "report/suspect_sentence.h"
#include "report/warning_groups.h"

namespace inquest::report {
namespace {

constexpr size_t kCensusRows = 4000;  ///< the rest is one line
constexpr size_t kNameWidth = 300;    ///< columns of a type's or owner's name

std::string named(const std::string& name) { return middle_cut(clean(name), kNameWidth); }
std::string address(Address at) { return fmt::format("{}", at); }

/// [the other end, offset of the word or -1, field].
Json json_of(const answer::MapEdge& edge) {
  Json json = Json::array({edge.place});
  json.push_back(edge.offset ? Json(*edge.offset) : Json(-1));
  json.push_back(named(edge.field));
  return json;
}

Json edges(const std::vector<answer::MapEdge>& all) {
  Json json = Json::array();
  for (const answer::MapEdge& edge : all) json.push_back(json_of(edge));
  return json;
}

Json names(const std::vector<std::string>& all) {
  Json json = Json::array();
  for (const std::string& name : all) json.push_back(named(name));
  return json;
}

Json json_of(const answer::MapObject& one) {
  Json json{{"how", one.how},
            {"percent", one.percent},
            {"reach", one.reach},
            {"keepers", names(one.keepers)},
            {"roots", names(one.roots)},
            {"root_count", one.root_count},
            {"from", edges(one.from)},
            {"to", edges(one.to)},
            {"from_count", one.from_count},
            {"to_count", one.to_count},
            {"steps", one.steps}};
  if (one.keeper) json["keeper"] = *one.keeper;
  if (one.before) json["before"] = json_of(*one.before);
  return json;
}

/// [parent, kind, name, type, address or null, count, own bytes, bytes, blocks, 1: is cut].
Json json_of(const answer::MapNode& node) {
  return Json::array({node.parent, name(node.kind), named(node.name), node.type,
                      node.at ? Json(address(*node.at)) : Json(), node.count, node.own_bytes,
                      node.bytes, node.blocks, node.is_cut ? 1 : 0});
}

/// [address, size, type, retained bytes, retained blocks].
Json json_of(const answer::MapPlace& place) {
  return Json::array({address(place.at), place.size, place.type, place.bytes, place.blocks});
}

/// [type, size of one, blocks, objects, bytes, retained bytes, [[how, blocks]]].
Json census_row(int64_t type, const answer::ObjectSum& sum, uint64_t retained) {
  Json how = Json::array();
  for (const auto& [way, blocks] : sum.how) how.push_back(Json::array({way, blocks}));
  return Json::array({type, sum.size, sum.blocks, sum.objects, sum.bytes, retained, how});
}

class HeapPage {
 public:
  explicit HeapPage(const answer::HeapMap& map) : map_(map), objects_(map.objects) {}

  std::string make() {
    head();
    suspects();
    census();
    keepers();
    explorer();
    warnings();
    footer();
    add("<script type=\"application/json\" id=\"data\">", json_in_script(line_of(data())),
        "</script>\n");
    for (std::string_view script : {kHeapCensusScript, kHeapMapScript, kHeapExplorerScript})
      add("<script>", script, "</script>\n");
    add("</body>\n</html>\n");
    return std::move(out_);
  }

 private:
  template <class... Parts>
  void add(const Parts&... parts) {
    ((out_ += parts), ...);
  }

  void head() {
    const answer::Dump& dump = objects_.dump;
    std::string who = dump.command.empty() ? "A process" : dump.command;
    if (dump.pid) who += fmt::format(" (pid {})", *dump.pid);
    add("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
        "<meta http-equiv=\"Content-Security-Policy\" content=\"",
        kHeapPolicy,
        "\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
        "<meta name=\"referrer\" content=\"no-referrer\">\n<title>",
        escaped("The heap of " + who), "</title>\n<style>", kPageStyle, "</style>\n<style>",
        kHeapStyle, "</style>\n</head>\n<body>\n");
    std::string line = "inquest objects";
    for (const std::string& part : {dump.time, dump.os, dump.arch, dump.format}) {
      if (!part.empty()) line += " · " + part;
    }
    line += " · " + size_text(dump.bytes);
    if (!dump.complete) line += " · incomplete";
    for (const std::string& allocator : objects_.allocators) line += " · " + allocator;
    add("<p class=\"dim\">", escaped(line), "</p>\n<h1>");
    if (objects_.blocks == 0) {
      add(escaped(who), ": no heap was found</h1>\n");
    } else {
      add(escaped(fmt::format("{} holds {} in {} blocks", who, size_text(objects_.bytes),
                              count_text(objects_.blocks))),
          "</h1>\n<p class=\"dim\">",
          fmt::format("The type is known of {} of the blocks, {} of the bytes.",
                      part(objects_.typed_blocks, objects_.blocks),
                      part(objects_.typed_bytes, objects_.bytes)),
          "</p>\n");
    }
    add("<nav><a href=\"#census\">What fills it</a><a href=\"#keepers\">Who keeps it</a>"
        "<a href=\"#explorer\">Who points where</a>");
    if (!objects_.warnings.empty()) add("<a href=\"#warnings\">Warnings</a>");
    add("</nav>\n<noscript><p class=\"caution\">This page needs its own script to draw. "
        "<code>inquest objects</code> prints the same in a terminal.</p></noscript>\n");
  }

  static std::string part(uint64_t of, uint64_t whole) {
    double share = whole == 0 ? 0 : 100 * static_cast<double>(of) / static_cast<double>(whole);
    return fmt::format("{:.1f} %", share);
  }

  void suspects() {
    if (map_.suspects.empty()) return;
    add("<h2>What keeps much</h2>\n<ul class=\"suspects\">\n");
    for (const answer::Suspect& suspect : map_.suspects) {
      add("<li>", escaped(suspect_sentence(suspect)));
      if (suspect.holder)
        add(" <a href=\"#object=", address(*suspect.holder), "\">who points there</a>");
      add("</li>\n");
    }
    add("</ul>\n");
  }

  void census() {
    add("<section id=\"census\">\n<h2>What fills the heap</h2>\n<div class=\"tools\">"
        "<input id=\"type-filter\" type=\"search\" placeholder=\"Find types\" "
        "aria-label=\"Find types\"><span id=\"type-count\" class=\"dim\" role=\"status\"></span>"
        "</div>\n<p class=\"dim\">Retained: what would be freed without the objects of the type, "
        "themselves included.</p>\n<table id=\"types\"></table>\n"
        "<p class=\"tools\"><button id=\"more-types\" type=\"button\" hidden></button></p>\n"
        "</section>\n");
  }

  void keepers() {
    add("<section id=\"keepers\">\n<h2>Who keeps what</h2>\n<p class=\"dim\">Areas are bytes that "
        "would be freed without their keeper. A click goes in, the path above the map out, as does "
        "Escape. Blocks of one type under one keeper, and the nodes of one list or tree, are one "
        "area. ",
        left_out(),
        "</p>\n<ol id=\"crumbs\" class=\"crumbs\" aria-label=\"Path\"></ol>\n"
        "<div id=\"detail\" class=\"detail\" role=\"status\"></div>\n<div class=\"map\">"
        "<div id=\"tiles\"></div><div id=\"kept\" class=\"rows\"></div></div>\n</section>\n");
  }

  std::string left_out() const {
    if (map_.left_out == 0) return "The whole heap is in this file.";
    return fmt::format(
        "This file has the largest {} areas. Not told apart: {} of the {} blocks, in \"others\" or "
        "below what keeps them.",
        count_text(map_.nodes.size()), count_text(map_.left_out),
        count_text(map_.nodes.empty() ? 0 : map_.nodes.front().blocks));
  }

  void explorer() {
    add("<section id=\"explorer\">\n<h2>Who points where</h2>\n<p class=\"dim\">",
        fmt::format("{} objects: what is suspected, the largest, and what is around them. Beyond, "
                    "the page says the command that shows more.",
                    count_text(map_.explored.size())),
        "</p>\n<div class=\"explorer\"><div><input id=\"object-filter\" type=\"search\" "
        "placeholder=\"Find by type or address\" aria-label=\"Find objects\">"
        "<div id=\"objects\" class=\"rows\"></div></div><div id=\"object\"></div></div>\n"
        "</section>\n");
  }

  void warnings() {
    if (objects_.warnings.empty()) return;
    add("<section id=\"warnings\">\n<h2>Warnings</h2>\n<ul>\n");
    for (const WarningGroup& one : group_warnings(objects_.warnings)) {
      add("<li>", escaped(one.what));
      if (!one.advice.empty()) add("<br><span class=\"dim\">", escaped(one.advice), "</span>");
      add("</li>\n");
    }
    add("</ul>\n</section>\n");
  }

  void footer() {
    add("<footer>Bytes are those that the program may use of its blocks. Type names are shortened "
        "at ",
        std::to_string(kNameWidth),
        " letters; <code>inquest objects --format json</code> has them "
        "whole.</footer>\n");
  }

  Json data() const {
    const answer::Dump& dump = objects_.dump;
    const bool is_live = dump.format == "live" && dump.pid;
    Json json{{"dump", is_live ? std::to_string(*dump.pid) : dump.path},
              {"bytes", objects_.bytes},
              {"blocks", objects_.blocks},
              {"left_out", map_.left_out}};
    Json& types = json["types"] = Json::array();
    for (const answer::MapType& type : map_.types)
      types.push_back(Json::array({named(type.name), named(type.plain)}));
    put_census(json);
    put_all(json["nodes"], map_.nodes);
    put_all(json["places"], map_.places);
    put_all(json["objects"], map_.explored);
    return json;
  }

  template <class All>
  static void put_all(Json& json, const All& all) {
    json = Json::array();
    for (const auto& one : all) json.push_back(json_of(one));
  }

  void put_census(Json& json) const {
    Json& rows = json["census"] = Json::array();
    const size_t count = std::min(objects_.census.size(), map_.sums.size());
    answer::ObjectSum rest;
    for (size_t i = 0; i < count; ++i) {
      const answer::ObjectSum& sum = objects_.census[i];
      if (i < kCensusRows) {
        rows.push_back(census_row(map_.sums[i].type, sum, map_.sums[i].retained));
        continue;
      }
      rest.blocks += sum.blocks;
      rest.objects += sum.objects;
      rest.bytes += sum.bytes;
    }
    if (count > kCensusRows) rows.push_back(census_row(-1, rest, 0));
    json["census_left_out"] = count - std::min(count, kCensusRows);
  }

  const answer::HeapMap& map_;
  const answer::Objects& objects_;
  std::string out_;
};

}  // namespace

std::string objects_html(const answer::HeapMap& map) { return HeapPage(map).make(); }

}  // namespace inquest::report
