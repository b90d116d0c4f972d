#include "report/heap_page_assets.h"

namespace inquest::report {

/// Rectangles after Bruls, Huizing, van Wijk, "Squarified Treemaps" (VisSym 2000): rows along the
/// shorter side, each as long as its worst rectangle gets squarer.
const std::string_view kHeapMapScript = R"js(
(function () {
  "use strict";
  var h = inquest, nodes = h.data.nodes.map(function (row, i) {
    return { id: i, parent: row[0], kind: row[1], name: row[2], type: row[3], at: row[4],
             count: row[5], own: row[6], bytes: row[7], blocks: row[8], cut: row[9] === 1,
             below: [] };
  });
  nodes.slice(1).forEach(function (node) { nodes[node.parent].below.push(node); });
  var tiles = document.getElementById("tiles"), rows = document.getElementById("kept");
  var crumbs = document.getElementById("crumbs"), detail = document.getElementById("detail");
  var now = nodes[0], lit = null;
  var plural = { registers: "registers of threads", stack: "stacks", global: "globals",
                 "thread-local": "thread-local data of threads", mapping: "mappings" };
  var named = {};
  h.data.places.slice(0, h.data.objects.length).forEach(function (p) { named[p[0]] = true; });

  function name(node) {
    if (node.kind === "all") { return "the heap"; }
    if (node.kind === "shared") { return "kept by several together"; }
    if (node.kind === "lost") { return "lost: nobody keeps it"; }
    if (node.kind === "others") { return "others (" + h.count(node.count) + ")"; }
    if (node.name) { return node.name; }
    if (node.kind !== "blocks") { return h.count(node.count) + " " + plural[node.kind]; }
    var type = h.typeName(node.type);
    if (!type) { type = "unknown, " + h.size(node.own / node.count); }
    return node.count === 1 ? type : h.count(node.count) + " \u00d7 " + type;
  }
  function colour(node) {
    if (node.kind === "others") { return "rest"; }
    if (node.kind !== "blocks") { return "owner"; }
    var text = h.typeName(node.type) || "?" + node.own / node.count, sum = 7;
    for (var i = 0; i < text.length; i += 1) { sum = (sum * 31 + text.charCodeAt(i)) % 65521; }
    return "c" + sum % 8;
  }

  function worst(row, sum, side) {
    var scale = side * side / (sum * sum);
    return Math.max(scale * row[0].area, 1 / (scale * row[row.length - 1].area));
  }
  // items: {bytes}, largest first; calls place(item, x, y, width, height).
  function squarify(items, x, y, width, height, place) {
    var all = items.reduce(function (sum, item) { return sum + item.bytes; }, 0);
    if (all === 0 || width < 1 || height < 1) { return; }
    var scale = width * height / all, i = 0;
    items = items.map(function (item) { return { item: item, area: item.bytes * scale }; })
      .filter(function (one) { return one.area > 0; });
    while (i < items.length) {
      var side = Math.min(width, height), row = [items[i]], sum = items[i].area;
      i += 1;
      while (i < items.length && worst(row.concat(items[i]), sum + items[i].area, side) <=
             worst(row, sum, side)) {
        row.push(items[i]);
        sum += items[i].area;
        i += 1;
      }
      var thick = sum / side, at = 0;
      row.forEach(function (one) {
        var long = one.area / thick;
        if (width >= height) { place(one.item, x, y + at, thick, long); }
        else { place(one.item, x + at, y, long, thick); }
        at += long;
      });
      if (width >= height) { x += thick; width -= thick; } else { y += thick; height -= thick; }
    }
  }

  function box(into, name, x, y, width, height) {
    var tile = h.make("div", "tile " + name);
    tile.style.left = x + "px";
    tile.style.top = y + "px";
    tile.style.width = Math.max(0, width - 1) + "px";
    tile.style.height = Math.max(0, height - 1) + "px";
    into.appendChild(tile);
    return tile;
  }
  function parts(node) {
    var all = node.below.slice();
    if (node.own > 0) { all.push({ itself: true, bytes: node.own }); }
    return all.sort(function (a, b) { return b.bytes - a.bytes; });
  }
  function draw(into, node, x, y, width, height, depth) {
    squarify(parts(node), x, y, width, height, function (one, left, top, wide, high) {
      if (wide < 4 || high < 4) { return; }
      var tile = box(into, one.itself ? "itself" : colour(one), left, top, wide, high);
      var labelled = wide >= 36 && high >= 18;
      if (labelled) {
        var text = one.itself ? "itself " : name(one) + " \u00b7 ";
        text = text.replace(/\(anonymous namespace\)::/g, "");
        tile.appendChild(h.make("span", "", text + h.size(one.bytes)));
      }
      if (one.itself) { return; }
      tile.dataset.node = one.id;
      if (depth === 1) {
        tile.tabIndex = 0;
        tile.setAttribute("role", "link");
        tile.setAttribute("aria-label", name(one) + ", keeps " + h.size(one.bytes));
      }
      if (depth < 10 && one.below.length > 0 && wide > 46 && high > 42) {
        draw(tile, one, 2, 20, wide - 7, high - 25, depth + 1);
      }
    });
  }

  function line(text) { detail.appendChild(h.make("div", "", text)); }
  function tell(node) {
    detail.textContent = "";
    detail.appendChild(h.make("b", "", name(node)));
    var kept = h.size(node.bytes) + " in " + h.many(node.blocks, "block");
    if (node.id !== 0) { kept += ", " + h.share(node.bytes, nodes[0].bytes) + " of the heap"; }
    if (["all", "shared", "lost", "others"].indexOf(node.kind) < 0) { kept = "keeps " + kept; }
    if (node.kind === "blocks") {
      kept += "; " + (node.count === 1 ? "itself " : h.many(node.count, "block") + " of ") +
        h.size(node.own);
    }
    line(kept);
    if (node.at) {
      var place = h.make("div", "", "at ");
      place.appendChild(h.make("code", "", node.at));
      if (named[node.at]) {
        var link = h.make("a", "", "who points there");
        link.href = "#object=" + node.at;
        place.appendChild(document.createTextNode(" \u00b7 "));
        place.appendChild(link);
      }
      detail.appendChild(place);
    }
    var full = node.kind === "blocks" ? h.data.types[node.type][0] : "";
    if (full && full !== h.typeName(node.type)) {
      detail.appendChild(h.make("div", "dim", full));
    }
  }
  function nothing(node) {
    if (node.kind === "others") { return "The small ones. They are not told apart in this file."; }
    if (!node.cut) { return "It keeps nothing but itself."; }
    if (node.at && node.kind === "blocks") {
      return "What it keeps is not in this file: " + h.command("refs", node.at) + " --from";
    }
    return "What it keeps is not in this file.";
  }
  function list() {
    rows.textContent = "";
    now.below.slice().sort(function (a, b) { return b.bytes - a.bytes; }).forEach(function (node) {
      var link = h.make("a");
      link.href = "#node=" + node.id;
      link.dataset.node = node.id;
      link.appendChild(h.make("i", colour(node)));
      link.appendChild(h.make("span", "clip", name(node)));
      link.appendChild(h.make("span", "", h.size(node.bytes)));
      link.appendChild(h.bar(node.bytes, now.bytes));
      rows.appendChild(link);
    });
    if (now.below.length === 0) { rows.appendChild(h.make("p", "dim", nothing(now))); }
  }
  function path() {
    var up = [];
    for (var node = now; ; node = nodes[node.parent]) {
      up.unshift(node);
      if (node.id === 0) { break; }
    }
    crumbs.textContent = "";
    up.forEach(function (node) {
      var item = h.make("li"), link = h.make(node === now ? "span" : "a", "", name(node));
      if (node !== now) { link.href = "#node=" + node.id; }
      link.title = name(node);
      item.appendChild(link);
      crumbs.appendChild(item);
    });
  }
  function render() {
    tiles.textContent = "";
    if (now.below.length > 0) {
      draw(tiles, now, 0, 0, tiles.clientWidth, tiles.clientHeight, 1);
    } else {
      var none = box(tiles, "none", 0, 0, tiles.clientWidth, tiles.clientHeight);
      none.textContent = nothing(now);
    }
  }
  function show(id) {
    now = nodes[id] || nodes[0];
    tiles.dataset.shown = now.id;
    path();
    list();
    render();
    tell(now);
  }
  function node_of(event) {
    var tile = event.target.closest("[data-node]");
    return tile ? nodes[tile.dataset.node] : null;
  }
  function light(event) {
    if (lit) { lit.classList.remove("lit"); }
    lit = event && event.target.closest(".tile[data-node]");
    if (lit) { lit.classList.add("lit"); }
    tell(event && node_of(event) || now);
  }
  function go(id) { location.hash = "#node=" + id; }
  tiles.addEventListener("click", function (event) {
    var node = node_of(event);
    if (node) { go(node.id); }
  });
  [tiles, rows].forEach(function (one) {
    one.addEventListener("mouseover", light);
    one.addEventListener("focusin", light);
  });
  document.getElementById("keepers").addEventListener("mouseleave", function () { light(null); });
  document.getElementById("keepers").addEventListener("keydown", function (event) {
    if (event.key === "Enter" && event.target.classList.contains("tile")) {
      var node = node_of(event);
      if (node) { go(node.id); }
    }
    if ((event.key === "Escape" || event.key === "Backspace") && now.id !== 0) {
      event.preventDefault();
      go(now.parent);
    }
  });
  function obey() {
    var wanted = h.fragment();
    if (wanted.key === "node") { show(Number(wanted.value)); }
    else if (!location.hash) { show(0); }
  }
  var width = 0;
  window.addEventListener("resize", function () {
    if (tiles.clientWidth !== width) { width = tiles.clientWidth; render(); }
  });
  window.addEventListener("hashchange", obey);
  show(0);
  width = tiles.clientWidth;
  obey();
})();
)js";

}  // namespace inquest::report
