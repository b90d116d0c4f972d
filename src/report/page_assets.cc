#include "report/page_assets.h"

namespace inquest::report {

const std::string_view kPageStyle = R"css(
:root { color-scheme: light dark; --ink: #1c2024; --dim: #646b73; --paper: #ffffff;
  --card: #f5f6f8; --line: #dfe3e8; --alarm: #b3261e; --accent: #0b57d0; --mark: #fff1c2;
  --caution: #8a5a00; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e8eb; --dim: #9aa2ab; --paper: #14171a;
  --card: #1e2226; --line: #343a41; --alarm: #ff8a80; --accent: #8ab4f8; --mark: #4a3d10;
  --caution: #f0b95b; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1rem; max-width: 72rem; background: var(--paper);
  color: var(--ink); font: 16px/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.35rem; line-height: 1.3; margin: .2rem 0 .6rem; color: var(--alarm); }
h2 { font-size: 1.05rem; margin: 1.6rem 0 .5rem; }
.dim { color: var(--dim); } .caution { color: var(--caution); }
.verdict { background: var(--card); border-left: .35rem solid var(--alarm); border-radius: .4rem;
  padding: .8rem 1rem; }
.kind { font-weight: 600; border: 1px solid var(--line); border-radius: 1rem; padding: .1rem .6rem;
  background: var(--paper); white-space: nowrap; }
meter { width: 8rem; vertical-align: middle; }
code, .frame, .source, td.code { font-family: ui-monospace, Menlo, Consolas, monospace;
  font-size: .86rem; }
ul { padding-left: 1.2rem; } li { margin: .2rem 0; }
a { color: var(--accent); }
details { border: 1px solid var(--line); border-radius: .4rem; margin: .4rem 0; }
summary { cursor: pointer; padding: .45rem .7rem; background: var(--card); border-radius: .4rem; }
ol.stack { list-style: none; margin: 0; padding: .2rem 0; }
.frame { display: grid; grid-template-columns: 3.5rem 1fr; gap: 0 .4rem; padding: .25rem .6rem;
  margin: 0; border-top: 1px solid var(--line); }
.frame:first-child { border-top: 0; }
.frame:target { background: var(--mark); }
.number { color: var(--dim); text-align: right; }
.name { display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 2;
  overflow: hidden; }
.frame.open .name { -webkit-line-clamp: unset; }
.tag { font-family: system-ui, sans-serif; font-size: .72rem; border: 1px solid var(--line);
  border-radius: .6rem; padding: 0 .4rem; color: var(--dim); }
.place { grid-column: 2; color: var(--dim); }
.folded { grid-column: 2; font-style: italic; color: var(--dim); }
.source { grid-column: 2; margin: .3rem 0; padding: .3rem; background: var(--card);
  border-radius: .3rem; overflow-x: auto; white-space: pre; }
.source mark { display: block; background: var(--mark); color: inherit; }
.tools { display: flex; flex-wrap: wrap; gap: .5rem; margin: .5rem 0; }
.tools input { flex: 1 1 14rem; } .tools input, .tools button { font: inherit; padding: .3rem .6rem;
  border: 1px solid var(--line); border-radius: .4rem; background: var(--paper);
  color: inherit; }
.scroll { overflow-x: auto; } table { border-collapse: collapse; width: 100%; font-size: .9rem; }
th, td { text-align: left; padding: .25rem .6rem; border-bottom: 1px solid var(--line);
  vertical-align: top; } td.code { white-space: nowrap; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .15rem 1rem; margin: .4rem 0; }
dt { color: var(--dim); } dd { margin: 0; }
[hidden] { display: none; }
)css";

const std::string_view kPageScript = R"js(
(function () {
  "use strict";
  var box = document.getElementById("search");
  var items = Array.prototype.slice.call(document.querySelectorAll("[data-searched]"));
  var texts = items.map(function (item) { return item.textContent.toLowerCase(); });
  var count = document.getElementById("matches");
  function search() {
    var wanted = box.value.toLowerCase().trim();
    var shown = 0;
    items.forEach(function (item, i) {
      var match = texts[i].indexOf(wanted) >= 0;
      item.hidden = !match;
      if (match) { shown += 1; }
      if (match && wanted && item.tagName === "DETAILS") { item.open = true; }
    });
    count.textContent = wanted ? shown + " of " + items.length : "";
  }
  function openAll(open) {
    document.querySelectorAll("details").forEach(function (d) { d.open = open; });
  }
  function follow() {
    var target = location.hash && document.getElementById(location.hash.slice(1));
    var around = target && target.closest("details");
    if (around) { around.open = true; target.scrollIntoView({ block: "center" }); }
  }
  box.addEventListener("input", search);
  document.getElementById("open").addEventListener("click", function () { openAll(true); });
  document.getElementById("close").addEventListener("click", function () { openAll(false); });
  document.addEventListener("click", function (event) {
    var frame = event.target.closest(".frame");
    if (frame && !String(getSelection())) { frame.classList.toggle("open"); }
  });
  window.addEventListener("hashchange", follow);
  document.querySelectorAll("[data-tools]").forEach(function (t) { t.hidden = false; });
  follow();
})();
)js";

const std::string_view kPagePolicy =
    "default-src 'none'; base-uri 'none'; form-action 'none'; "
    "style-src 'sha256-oPGjf+PJHce5Xcnw9S1agi1ELtT5zFkCH0SLTH2/XHE='; script-src "
    "'sha256-8j3X+GAVBSagbvr+78jdtEdXjSMZJO6UAMk1gIwcNOU='";

}  // namespace inquest::report
