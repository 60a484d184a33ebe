/// How the page of a plan looks.
#pragma once

namespace berth::plan {

/// Bars differ in brightness as well as in hue, so that they can be told apart in grey; print keeps their colours.
inline constexpr auto html_style = R"css(
:root { color-scheme: light dark; --paper: #fff; --ink: #1b1f24; --soft: #57606a; --line: #d0d7de; --free: #eef1f4;
  --weights: #1f5fa8; --cache: #d9822b; --compute: #5aa469; --overhead: #8a6bbf;
  --d0: #9aa4ae; --d1: #1f5fa8; --d2: #d9822b; --d3: #3f8f5b; --d4: #8a6bbf; --d5: #b8444f; --d6: #2a9d9d; --d7: #8c6d31; }
@media (prefers-color-scheme: dark) { :root { --paper: #14181d; --ink: #e6eaee; --soft: #9aa4ae; --line: #39424c;
  --free: #232a31; --weights: #6aa5e8; --cache: #eaa35c; --compute: #7cc490; --overhead: #b39ae0;
  --d0: #6b7681; --d1: #6aa5e8; --d2: #eaa35c; --d3: #7cc490; --d4: #b39ae0; --d5: #e58089; --d6: #63cccc; --d7: #c4a566; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 62rem; padding: 1.5rem; background: var(--paper); color: var(--ink);
  font: 16px/1.45 system-ui, sans-serif; }
h1 { font-size: 1.5rem; margin: 0 0 .25rem; } h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; }
p { margin: .25rem 0; } .soft { color: var(--soft); }
.bar { display: flex; height: 1.5rem; border: 1px solid var(--line); background: var(--free); border-radius: 3px;
  overflow: hidden; margin: .2rem 0 .1rem; }
.bar span { display: block; min-width: 1px; } .over { outline: 2px solid #c62f3b; }
.weights { background: var(--weights); } .cache { background: var(--cache); } .compute { background: var(--compute); }
.overhead { background: var(--overhead); } .free { background: var(--free); }
.key { display: inline-block; width: .8rem; height: .8rem; border: 1px solid var(--line); border-radius: 2px;
  margin: 0 .3rem 0 .9rem; vertical-align: -1px; }
.layers { display: grid; grid-template-columns: repeat(auto-fill, minmax(2.4rem, 1fr)); gap: 2px; }
.layers span { text-align: center; font-size: .75rem; padding: .25rem 0; border-radius: 2px; color: var(--paper); }
.device { break-inside: avoid; margin: .8rem 0; }
table { border-collapse: collapse; width: 100%; font-size: .85rem; }
th, td { text-align: left; padding: .2rem .6rem .2rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; } td.name { overflow-wrap: anywhere; }
details { margin-top: .5rem; } summary { cursor: pointer; }
@media print { body { max-width: none; padding: 0; font-size: 12px; }
  .bar, .bar span, .key, .layers span { print-color-adjust: exact; -webkit-print-color-adjust: exact; } thead { display: table-header-group; } }
)css";

}  // namespace berth::plan
