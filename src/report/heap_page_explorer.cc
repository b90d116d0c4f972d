#include "report/heap_page_assets.h"

namespace inquest::report {

const std::string_view kHeapExplorerScript = R"js(
(function () {
  "use strict";
  var h = inquest, places = h.data.places, objects = h.data.objects;
  var by_address = Object.create(null);
  objects.forEach(function (unused, i) { by_address[places[i][0]] = i; });
  var list = document.getElementById("objects"), box = document.getElementById("object-filter");
  var view = document.getElementById("object"), now = -1;
  var order = objects.map(function (unused, i) { return i; }).sort(function (a, b) {
    return places[b][3] - places[a][3];
  });

  function title(place) {
    return h.typeName(place[2]) || "unknown, " + h.size(place[1]);
  }
  function text(into, words) { into.appendChild(document.createTextNode(words)); }
  // Where the file knows more, a link; else the command that does.
  function link(index) {
    var place = places[index], made;
    if (index < objects.length) {
      made = h.make("a", "", place[0]);
      made.href = "#object=" + place[0];
    } else {
      made = h.make("button", "dim", place[0]);
      made.type = "button";
      made.title = h.command("refs", place[0]);
      made.addEventListener("click", function () { beyond(place[0]); });
    }
    return made;
  }
  function command(address) { return h.make("code", "command", h.command("refs", address)); }
  function beyond(address) {
    var old = view.querySelector(".beyond");
    if (old) { old.remove(); }
    var made = h.make("div", "beyond verdict");
    made.setAttribute("role", "status");
    made.appendChild(h.make("div", "", "What is around " + address + " is not in this file:"));
    made.appendChild(command(address));
    view.insertBefore(made, view.firstChild);
  }

  function field(edge) {
    if (edge[2]) { return edge[2]; }
    return edge[1] < 0 ? "somewhere" : "+" + edge[1];
  }
  function edges(into, heading, all, count, outward) {
    var side = h.make("div");
    side.appendChild(h.make("h4", "", heading + " (" + h.count(count) + ")"));
    var made = h.make("ul", "edges");
    all.forEach(function (edge) {
      var item = h.make("li"), place = places[edge[0]];
      if (outward) {
        item.appendChild(h.make("span", "field", field(edge)));
        text(item, " \u2192 ");
      }
      item.appendChild(h.make("span", "", title(place)));
      text(item, " ");
      item.appendChild(link(edge[0]));
      if (!outward) {
        text(item, " ");
        item.appendChild(h.make("span", "field", field(edge)));
      }
      item.appendChild(h.make("span", "dim", " keeps " + h.size(place[3])));
      made.appendChild(item);
    });
    if (count > all.length) {
      var rest = h.make("li", "dim", h.count(count - all.length) + " more:");
      rest.appendChild(h.make("code", "command", h.command("refs", places[now][0]) +
                              (outward ? " --from" : "") + " --all"));
      made.appendChild(rest);
    }
    side.appendChild(made);
    into.appendChild(side);
    return made;
  }

  function chain(object) {
    if (object.steps === 0) { return; }
    view.appendChild(h.make("h4", "", "How it is reached: a shortest chain of pointers"));
    var steps = [], at = now, left = object.steps - 1;
    while (left > 0 && steps.length < 40 && at < objects.length && objects[at].before) {
      var before = objects[at].before;
      steps.unshift(before);
      at = before[0];
      left -= 1;
    }
    var made = h.make("ol", "chain");
    if (left === 0 && at < objects.length) {
      made.appendChild(h.make("li", "", objects[at].roots[0] || "a root"));
    } else {
      var cut = h.make("li", "dim", h.many(left, "more pointer") + " from the root on:");
      cut.appendChild(command(places[at][0]));
      made.appendChild(cut);
    }
    steps.forEach(function (edge) {
      var item = h.make("li");
      item.appendChild(h.make("span", "", title(places[edge[0]])));
      text(item, " ");
      item.appendChild(link(edge[0]));
      text(item, " ");
      item.appendChild(h.make("span", "field", field(edge)));
      made.appendChild(item);
    });
    made.appendChild(h.make("li", "", title(places[now]) + " " + places[now][0] + " (this one)"));
    view.appendChild(made);
  }

  function keeper(object) {
    var line = h.make("div", "", "Kept alive by ");
    if (object.keeper !== undefined) {
      text(line, title(places[object.keeper]) + " ");
      line.appendChild(link(object.keeper));
      text(line, " alone: without it, it would be freed.");
    } else if (object.keepers.length > 0) {
      text(line, object.keepers[0] + " alone.");
    } else if (object.reach === "reachable") {
      text(line, "several together; no single one keeps it.");
    } else {
      line.textContent = object.reach === "lost"
        ? "Lost: no chain of pointers from a root leads here."
        : "Perhaps lost: only pointers into some middle lead here.";
      line.className = "caution";
    }
    return line;
  }

  function show(index) {
    var object = objects[index], place = places[index];
    now = index;
    view.textContent = "";
    view.dataset.shown = place[0];
    view.appendChild(h.make("h3", "", title(place)));
    var facts = h.make("div");
    facts.appendChild(h.make("code", "", place[0]));
    var known = object.how ? " \u00b7 known by " + object.how + ", " + object.percent + " %" : "";
    var kept = " \u00b7 keeps " + h.size(place[3]) + " in " + h.many(place[4], "block") + ", ";
    text(facts, " \u00b7 " + h.size(place[1]) + known + kept +
         h.share(place[3], h.data.bytes) + " of the heap");
    view.appendChild(facts);
    view.appendChild(keeper(object));
    chain(object);
    var sides = h.make("div", "sides");
    var from = edges(sides, "Who points here", object.from, object.from_count, false);
    if (object.root_count > 0) {
      from.previousSibling.textContent = "Who points here (" + h.many(object.from_count, "block") +
        ", " + h.many(object.root_count, "word") + " outside the heap)";
    }
    object.roots.slice().reverse().forEach(function (root) {
      from.insertBefore(h.make("li", "", root), from.firstChild);
    });
    edges(sides, "What it points to", object.to, object.to_count, true);
    view.appendChild(sides);
    view.appendChild(h.make("h4", "", "More of it"));
    view.appendChild(command(place[0]));
    view.appendChild(h.make("code", "command", h.command("inspect", place[0])));
    mark();
  }
  function mark() {
    list.querySelectorAll("a").forEach(function (a) {
      a.classList.toggle("now", now >= 0 && a.dataset.at === places[now][0]);
    });
  }
  function fill() {
    var wanted = box.value.toLowerCase().trim(), most = 200;
    var found = order.filter(function (i) {
      return (places[i][0] + " " + title(places[i]).toLowerCase()).indexOf(wanted) >= 0;
    });
    list.textContent = "";
    found.slice(0, most).forEach(function (i) {
      var made = h.make("a");
      made.href = "#object=" + places[i][0];
      made.dataset.at = places[i][0];
      made.appendChild(h.make("span", "clip", title(places[i])));
      made.appendChild(h.make("span", "", h.size(places[i][3])));
      made.appendChild(h.make("span", "dim", places[i][0]));
      list.appendChild(made);
    });
    if (found.length > most) {
      var rest = h.count(found.length - most) + " more: type to find them";
      list.appendChild(h.make("p", "dim", rest));
    }
    if (found.length === 0) { list.appendChild(h.make("p", "dim", "None in this file.")); }
    mark();
  }
  function obey() {
    var wanted = h.fragment();
    if (wanted.key !== "object") { return; }
    if (by_address[wanted.value] !== undefined) {
      show(by_address[wanted.value]);
    } else if (/^0x[0-9a-f]{1,16}$/.test(wanted.value)) {
      beyond(wanted.value);
    } else {
      return;
    }
    var top = view.getBoundingClientRect().top;
    if (top < 0 || top > innerHeight / 2) {
      document.getElementById("explorer").scrollIntoView();
    }
  }
  box.addEventListener("input", fill);
  window.addEventListener("hashchange", obey);
  fill();
  if (order.length > 0) { show(order[0]); }
  obey();
})();
)js";

}  // namespace inquest::report
