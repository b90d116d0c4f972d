#include "report/heap_page_assets.h"

namespace inquest::report {

const std::string_view kHeapStyle = R"css(
:root { --own: #e9ecf0; --c0: #cfe0f5; --c1: #d6ead0; --c2: #f4e0c2; --c3: #e6d9f2; --c4: #f3d6d6;
  --c5: #cfe9e6; --c6: #ece7bd; --c7: #dcdff0; --owner: #c5d3e6; --rest: #e4e7eb; }
@media (prefers-color-scheme: dark) { :root { --own: #262b31; --c0: #24415f; --c1: #2c4a2d;
  --c2: #55401f; --c3: #44335a; --c4: #5a3133; --c5: #1f4a47; --c6: #4b471d; --c7: #383d5c;
  --owner: #2d4057; --rest: #30353c; } }
body { max-width: 100rem; }
h1 { color: var(--ink); }
nav { display: flex; flex-wrap: wrap; gap: .3rem 1rem; margin: .6rem 0; }
section { scroll-margin-top: 1rem; }
h2 { margin-top: 2.2rem; }
button { font: inherit; color: inherit; background: none; border: 0; padding: 0; cursor: pointer; }
.tools button { padding: .3rem .6rem; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 1px; }
code { font-size: .86em; }
.clip { display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 2;
  overflow: hidden; }
.suspects li { margin: .5rem 0; }

#census table { table-layout: fixed; }
#census th, #census td { text-align: right; }
#census th:first-child, #census td:first-child { text-align: left; width: auto; }
#census th:last-child, #census td:last-child { text-align: left; width: 12rem; }
#census th { width: 7rem; white-space: nowrap; font-weight: 600; }
#census th button { font-weight: inherit; }
#census th[aria-sort] button::after { content: " \25be"; }
#census th[aria-sort="ascending"] button::after { content: " \25b4"; }
#census td { font-variant-numeric: tabular-nums; }
#census tbody tr:hover { background: var(--card); }
#census .type { font-family: ui-monospace, Menlo, Consolas, monospace; font-size: .86rem; }
.bar { height: 4px; margin-top: 2px; background: var(--card); border-radius: .2rem; }
.bar > div { height: 100%; background: var(--accent); border-radius: .2rem; opacity: .7; }

.crumbs { display: flex; flex-wrap: wrap; gap: .1rem .4rem; list-style: none; padding: 0;
  margin: .4rem 0; min-height: 1.6rem; }
.crumbs li { margin: 0; max-width: 22rem; overflow: hidden; text-overflow: ellipsis;
  white-space: nowrap; }
.crumbs li + li::before { content: "\203a"; color: var(--dim); margin-right: .4rem; }
.detail { background: var(--card); border-radius: .4rem; padding: .5rem .8rem; height: 6.6rem;
  overflow: auto; margin: .4rem 0; }
.detail b { font-family: ui-monospace, Menlo, Consolas, monospace; font-size: .9rem; }
.map { display: grid; grid-template-columns: minmax(0, 1fr) 24rem; gap: .8rem; }
#tiles { position: relative; height: 34rem; background: var(--card); border-radius: .4rem;
  overflow: hidden; }
.tile { position: absolute; overflow: hidden; border: 1px solid var(--paper); border-radius: 3px;
  font-size: .8rem; line-height: 1.15rem; cursor: pointer; color: var(--ink); }
.tile > span { display: block; padding: 0 .3rem; white-space: nowrap; overflow: hidden;
  text-overflow: ellipsis; pointer-events: none; }
.tile.lit { border-color: var(--ink); }
.tile.itself, .tile.none { cursor: default; background: var(--own); color: var(--dim); }
.tile.none { white-space: normal; padding: 1rem; font-size: .95rem; line-height: 1.4; }
.c0 { background: var(--c0); } .c1 { background: var(--c1); } .c2 { background: var(--c2); }
.c3 { background: var(--c3); } .c4 { background: var(--c4); } .c5 { background: var(--c5); }
.c6 { background: var(--c6); } .c7 { background: var(--c7); }
.owner { background: var(--owner); } .rest { background: var(--rest); }
.rows { height: 34rem; overflow-y: auto; border: 1px solid var(--line); border-radius: .4rem; }
.rows a { display: grid; grid-template-columns: .8rem minmax(0, 1fr) max-content; gap: 0 .5rem;
  padding: .3rem .6rem; border-bottom: 1px solid var(--line); color: inherit;
  text-decoration: none; font-size: .86rem; }
.rows a:hover, .rows a.now { background: var(--card); }
.rows i { width: .8rem; height: .8rem; border-radius: 2px; margin-top: .3rem; }
.rows .bar { grid-column: 2 / 4; }
.rows p { padding: 0 .6rem; }

.explorer { display: grid; grid-template-columns: 24rem minmax(0, 1fr); gap: .8rem; }
.explorer .rows { height: 30rem; } .explorer .rows a { grid-template-columns: minmax(0, 1fr)
  max-content; }
.explorer .rows .dim { grid-column: 1 / 3; font-size: .8rem; }
.explorer input { width: 100%; font: inherit; padding: .3rem .6rem; margin-bottom: .4rem;
  border: 1px solid var(--line); border-radius: .4rem; background: var(--paper); color: inherit; }
#object { min-height: 32.5rem; }
#object h3 { font: 600 1rem/1.4 ui-monospace, Menlo, Consolas, monospace; margin: 0 0 .3rem; }
#object h4 { margin: 1rem 0 .3rem; font-size: .95rem; }
.sides { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 0 1.2rem; }
.edges { list-style: none; padding: 0; margin: 0; }
.edges li { border-bottom: 1px solid var(--line); padding: .3rem 0; margin: 0; font-size: .86rem; }
.field { font-family: ui-monospace, Menlo, Consolas, monospace; font-size: .86em;
  color: var(--caution); }
.beyond { border-left-color: var(--accent); margin-bottom: .8rem; }
ol.chain { padding-left: 1.6rem; margin: .3rem 0; font-size: .9rem; }
.command { display: block; background: var(--card); border-radius: .3rem; padding: .3rem .6rem;
  margin: .3rem 0; overflow-x: auto; user-select: all; }
footer { margin-top: 2.5rem; color: var(--dim); font-size: .85rem; }

@media (max-width: 60rem) {
  .map, .explorer, .sides { grid-template-columns: minmax(0, 1fr); }
  #tiles { height: 24rem; } .rows, .explorer .rows { height: 15rem; }
  #object { min-height: 0; }
}
@media (max-width: 44rem) {
  .detail { height: 9rem; }
  #census th:nth-child(n+2), #census td:nth-child(n+2) { width: 5.6rem; padding: .25rem .3rem; }
  #census .wide { display: none; }
}
@media (min-width: 100rem) { #tiles, .map .rows { height: 42rem; } }
)css";

const std::string_view kHeapPolicy =
    "default-src 'none'; base-uri 'none'; form-action 'none'; "
    "style-src "
    "'sha256-oPGjf+PJHce5Xcnw9S1agi1ELtT5zFkCH0SLTH2/XHE=' "
    "'sha256-VNzULCs6T+sc6nQd+WXegSxxHVqL2xJ0gdOINaBD27o='; "
    "script-src "
    "'sha256-PlGS5DfGsa2cK2vh7CNWmRlO9TlItbOdyE+vN6frbtU=' "
    "'sha256-911Yqg3jHbcN5Zf5SCgCpPY/CFmo7oWZSjjB1YLbE4M=' "
    "'sha256-1SYnDzbWfKesuqPU0b+s5FdM9ZJyKz3JMJkYfIhj0tI='";

}  // namespace inquest::report
