// A small explorer on a page about one activation. Its scripts are fetched when it comes into view, not before.
"use strict";

(() => {
const PARTS = ["activations", "numerics", "state", "draw", "knobs", "curves"];

function fetched(folder, name) {
  return new Promise((done, failed) => {
    const script = document.createElement("script");
    Object.assign(script, { src: `${folder}${name}.js`, async: false, onload: done, onerror: failed });
    document.head.append(script);
  });
}

function start(box) {
  const { state } = read(`curve=${box.dataset.curve}`), [curve] = state.curves;
  const plot = new Draw.Plot(element("div", undefined, { class: "explorer-plot" })), numbers = element("p");
  const link = box.querySelector("a"), page = link.getAttribute("href").split("#")[0];
  const x = makeKnob({ id: "x", title: "x", called: "x", line: true, value: state.x, low: -state.w, high: state.w, words: figure }, (to, by) => move(to, Curves.reach(state, by)));
  const side = element("div", undefined, { class: "explorer-side" }, ...choicesOf(curve, 0, draw), ...knobsOf(curve, 0, draw), x.node, numbers);
  box.prepend(plot.box, side);

  function tell(at) {
    const { value } = form(curve);
    numbers.textContent = `at x = ${figure(at, 4)}: value ${figure(value(at), 4)}, gradient ${figure(Curves.slope(curve, at), 4)}`;
  }

  function draw() {
    paint(state);
    Curves.draw(plot, state);
    x.set(state.x);
    tell(state.x);
    link.href = page + write(state);
  }

  function move(to, reach) {
    state.x = Curves.snapped(state, clamp(to, -state.w, state.w), reach);
    draw();
  }

  Draw.listen(plot, {
    hover: (at) => { plot.read(at); tell(at ?? state.x); },
    pick: (at) => move(Number(at.toPrecision(4)), 7 * plot.pixel()),
  });
  new ResizeObserver(draw).observe(plot.box);
}

const watch = new IntersectionObserver(async (entries) => {
  const box = entries.find((entry) => entry.isIntersecting)?.target;
  if (!box) return;
  watch.disconnect();
  const folder = document.querySelector("script[src*='explorer/embed.js']").getAttribute("src").replace(/embed\.js.*/, "");
  await Promise.all(PARTS.map((name) => fetched(folder, name)));
  start(box);
}, { rootMargin: "200px" });
const found = document.querySelector(".explorer-small");
if (found) watch.observe(found);
})();
