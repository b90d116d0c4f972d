#include "report/heap_page_assets.h"

namespace inquest::report {

const std::string_view kHeapCensusScript = R"js(
var inquest = (function () {
  "use strict";
  var data = JSON.parse(document.getElementById("data").textContent);
  var units = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];

  // As base/quantities writes them.
  function size(bytes) {
    if (bytes < 1024) { return bytes + (bytes === 1 ? " byte" : " bytes"); }
    var value = bytes / 1024, unit = 0;
    while (value >= 1023.5 && unit + 1 < units.length) { value /= 1024; unit += 1; }
    var round = value >= 9.95 || Math.floor(value * 10 + 0.5) % 10 === 0;
    return value.toFixed(round ? 0 : 1) + " " + units[unit];
  }
  function count(n) { return String(n).replace(/\B(?=(\d{3})+$)/g, ","); }
  function many(n, what) { return count(n) + " " + what + (n === 1 ? "" : "s"); }
  function share(part, whole) {
    var percent = whole ? 100 * part / whole : 0;
    return percent.toFixed(percent >= 9.95 ? 0 : 1) + " %";
  }
  function make(tag, name, text) {
    var element = document.createElement(tag);
    if (name) { element.className = name; }
    if (text !== undefined) { element.textContent = text; }
    return element;
  }
  function bar(part, whole) {
    var outer = make("div", "bar"), inner = make("div");
    inner.style.width = (whole ? Math.min(100, 100 * part / whole) : 0) + "%";
    outer.appendChild(inner);
    return outer;
  }
  function typeName(index) { return data.types[index][1] || data.types[index][0]; }
  function command(verb, address) {
    var dump = data.dump;
    if (!/^[\w.\/:@%+=,-]+$/.test(dump)) { dump = "'" + dump.replace(/'/g, "'\\''") + "'"; }
    return "inquest " + verb + " " + dump + " " + address;
  }
  function fragment() {
    var found = /^#(\w+)=(.*)$/.exec(location.hash);
    return found ? { key: found[1], value: found[2] } : { key: "", value: "" };
  }
  return { data: data, size: size, count: count, many: many, share: share, make: make, bar: bar,
           typeName: typeName, command: command, fragment: fragment };
})();

// The table of types: a click on a heading sorts, the box filters.
(function () {
  "use strict";
  var h = inquest, rows = h.data.census, total = h.data.bytes;
  // A row: type, size of one, blocks, objects, bytes, retained, [[how, blocks]], text.
  var columns = [
    { title: "Type", key: function (r) { return r[7].toLowerCase(); }, up: true },
    { title: "Objects", key: function (r) { return r[3]; }, wide: true },
    { title: "Blocks", key: function (r) { return r[2]; }, wide: true },
    { title: "Bytes", key: function (r) { return r[4]; } },
    { title: "Retained", key: function (r) { return r[5]; } },
    { title: "Known by", key: function (r) { return how(r); }, up: true, wide: true }];
  var table = document.getElementById("types"), body = table.createTBody();
  var box = document.getElementById("type-filter"), more = document.getElementById("more-types");
  var status = document.getElementById("type-count");
  var sorted = 3, ascending = false, step = 25, shown = step;

  function how(row) {
    return row[6].map(function (one) { return one[0]; }).join(", ");
  }
  rows.forEach(function (row) {
    row.push(row[0] < 0 ? h.many(h.data.census_left_out, "smaller type")
                        : h.typeName(row[0]) || "(not known)");
  });
  var head = table.createTHead().insertRow();
  columns.forEach(function (column, i) {
    var cell = h.make("th", column.wide ? "wide" : ""), button = h.make("button", "", column.title);
    cell.scope = "col";
    button.type = "button";
    button.addEventListener("click", function () {
      ascending = sorted === i ? !ascending : Boolean(column.up);
      sorted = i;
      draw();
    });
    cell.appendChild(button);
    head.appendChild(cell);
  });
  function compare(a, b) {
    var x = columns[sorted].key(a), y = columns[sorted].key(b);
    return (x < y ? -1 : x > y ? 1 : 0) * (ascending ? 1 : -1);
  }
  function cell(line, text, wide) {
    var made = line.insertCell();
    if (wide) { made.className = "wide"; }
    made.appendChild(document.createTextNode(text));
    return made;
  }
  function draw() {
    Array.prototype.forEach.call(head.cells, function (one, i) {
      if (i !== sorted) { one.removeAttribute("aria-sort"); return; }
      one.setAttribute("aria-sort", ascending ? "ascending" : "descending");
    });
    var wanted = box.value.toLowerCase().trim();
    var found = rows.filter(function (row) {
      var full = row[0] < 0 ? "" : h.data.types[row[0]][0].toLowerCase();
      return row[7].toLowerCase().indexOf(wanted) >= 0 || full.indexOf(wanted) >= 0;
    }).sort(compare);
    body.textContent = "";
    found.slice(0, shown).forEach(function (row) {
      var line = body.insertRow(), type = line.insertCell();
      var text = h.make("div", "type clip" + (row[0] > 0 ? "" : " dim"), row[7]);
      if (row[0] > 0) { text.title = h.data.types[row[0]][0]; }
      type.appendChild(text);
      cell(line, h.count(row[3]), true);
      cell(line, h.count(row[2]), true);
      cell(line, h.size(row[4])).appendChild(h.bar(row[4], total));
      var kept = row[0] < 0 ? "" : h.size(row[5]);
      cell(line, kept).appendChild(h.bar(row[5], total));
      cell(line, how(row), true);
    });
    more.hidden = found.length <= shown;
    more.textContent = "Show all " + h.count(found.length);
    status.textContent = wanted ? h.count(found.length) + " of " + h.many(rows.length, "line") : "";
  }
  box.addEventListener("input", function () { shown = step; draw(); });
  more.addEventListener("click", function () { shown = rows.length; draw(); });
  draw();
})();
)js";

}  // namespace inquest::report
