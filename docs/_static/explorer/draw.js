// Drawing, by hand in SVG. Vega, which drew these plots before, is 586 kB: more than the rest of the page together.
// What is needed of it fits here: three scales, ticks, lines, marks, and a pointer that reads, picks, pans and zooms.
// Colours are classes (c0 … c3), so that a change of theme redraws nothing.
"use strict";

const Draw = (() => {
const make = (tag, attributes = {}, text) => {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  Object.entries(attributes).forEach(([key, value]) => made.setAttribute(key, value));
  if (text !== undefined) made.textContent = text;
  return made;
};

// -- scales and ticks --------------------------------------------------------------------------

// Round numbers between two, at most `count` of them.
function roundTicks(low, high, count) {
  const rough = (high - low) / count, power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((n) => n * power).find((n) => n >= rough * 0.999);
  const first = Math.ceil(low / step - 1e-9);
  return Array.from({ length: Math.max(0, Math.floor(high / step + 1e-9) - first + 1) }, (_, i) => Number(((first + i) * step).toPrecision(12)));
}

// Powers of ten, or where there are few of them 1, 2 and 5 of each.
function logTicks(low, high, count) {
  const [a, b] = [Math.log10(low), Math.log10(high)];
  const digits = b - a < 2.5 ? [1, 2, 5] : [1], every = Math.max(1, Math.ceil((b - a) / count));
  const powers = Array.from({ length: Math.ceil(b) - Math.floor(a) + 1 }, (_, i) => Math.floor(a) + i).filter((k) => k % every === 0);
  return powers.flatMap((k) => digits.map((d) => Number(`${d}e${k}`))).filter((t) => t >= low * 0.999 && t <= high * 1.001);
}

// Straight near 0, logarithmic on both sides.
function bothTicks(low, high, count) {
  const most = Math.max(Math.abs(low), Math.abs(high));
  const every = Math.max(1, Math.ceil(Math.log10(Math.max(most, 1)) / Math.max(2, count / 2)));
  const powers = Array.from({ length: 40 }, (_, i) => 10 ** ((i + (every > 1)) * every));
  return [...powers.map((t) => -t), 0, ...powers].filter((t) => t >= low && t <= high);
}

const SCALES = {
  linear: { to: (v) => v, from: (v) => v, ticks: roundTicks },
  log: { to: Math.log10, from: (v) => 10 ** v, ticks: logTicks },
  both: { to: Math.asinh, from: Math.sinh, ticks: bothTicks },
};

function scale(kind, domain, range) {
  const { to, from, ticks } = SCALES[kind || "linear"];
  const [a, b] = domain.map(to), [c, d] = range;
  return {
    at: (v) => c + ((to(v) - a) / (b - a)) * (d - c),
    invert: (place) => from(a + ((place - c) / (d - c)) * (b - a)),
    ticks: (count) => ticks(...domain, count),
  };
}

function tickText(value) {
  const size = Math.abs(value);
  if (size === 0 || (size >= 1e-3 && size < 1e5)) return String(value).replace("-", "−");
  const [digits, power] = value.toExponential().replace(/-/g, "−").split("e");
  const raised = [...power.replace("+", "")].map((sign) => (sign === "−" ? "⁻" : "⁰¹²³⁴⁵⁶⁷⁸⁹"[sign])).join("");
  return `${digits === "1" ? "" : digits === "−1" ? "−" : `${digits}·`}10${raised}`;
}

// -- one plot ----------------------------------------------------------------------------------

// `what` is { x, y: domains, xScale, yScale: kinds, xTitle, yTitle, lines, marks, dots, bands, rules, words }:
//   lines   { points: [[x, y], …], kind: "c0 dashed", name }, broken where y is not finite
//   marks   { x, y, shape: minimum | kink | zero | flat | read, kind, title }
//   dots    { points, kind }, bands { x: [a, b], y: [a, b], kind }, rules { x, kind, title }
class Plot {
  constructor(box) {
    this.box = box;
    this.svg = make("svg", { "aria-hidden": "true" });
    this.box.replaceChildren(this.svg);
    this.box.setAttribute("role", "img");
  }

  draw(what) {
    const [width, height] = [this.box.clientWidth, this.box.clientHeight];
    if (!width || !height) return;
    this.what = what;
    const small = width < 260;
    const xCount = Math.max(2, width / 75), yCount = Math.max(3, height / 45);
    const yTicks = scale(what.yScale, what.y, [0, 1]).ticks(yCount);
    const room = 10 + 7.2 * Math.max(what.letters || 2, ...yTicks.map((t) => tickText(t).length));
    this.frame = { left: room, right: width - 14, top: 24, bottom: height - (small ? 20 : 34) };
    const { left, right, top, bottom } = this.frame;
    this.x = scale(what.xScale, what.x, [left, right]);
    this.y = scale(what.yScale, what.y, [bottom, top]);
    const parts = [make("text", { x: 2, y: 10, class: "title" }, what.yTitle)];
    for (const t of yTicks) {
      const place = this.y.at(t);
      parts.push(make("line", { x1: left, x2: right, y1: place, y2: place, class: t === 0 ? "zero" : "grid" }));
      parts.push(make("text", { x: left - 5, y: place + 4, "text-anchor": "end" }, tickText(t)));
    }
    for (const t of this.x.ticks(xCount)) {
      const place = this.x.at(t);
      parts.push(make("line", { x1: place, x2: place, y1: top, y2: bottom, class: t === 0 && what.xScale !== "log" ? "zero" : "grid" }));
      parts.push(make("text", { x: place, y: bottom + 15, "text-anchor": "middle" }, tickText(t)));
    }
    if (!small) parts.push(make("text", { x: (left + right) / 2, y: height - 4, "text-anchor": "middle", class: "title" }, what.xTitle));
    this.drawn = make("svg", { x: left, y: top, width: right - left, height: bottom - top, overflow: "hidden", viewBox: `${left} ${top} ${right - left} ${bottom - top}` });
    (what.bands || []).forEach((band) => this.drawn.append(this.band(band)));
    (what.rules || []).forEach((rule) => this.drawn.append(...this.rule(rule)));
    (what.lines || []).forEach((line) => this.drawn.append(make("path", { d: this.path(line.points), class: `line ${line.kind}` })));
    (what.dots || []).forEach((dots) => this.drawn.append(...this.dots(dots)));
    const names = (what.lines || []).filter((line) => line.name).map((line) => this.name(line)).filter(Boolean);
    this.hair = make("line", { class: "hair", y1: top, y2: bottom, visibility: "hidden" });
    this.svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    this.svg.replaceChildren(...parts, this.drawn, ...apart(names), this.hair);
    this.marks = make("g");
    this.svg.append(this.marks);
    this.mark(what.marks || []);
    this.box.setAttribute("aria-label", what.words);
  }

  // Marks alone, which move more often than lines.
  mark(marks) {
    const { left, right, top, bottom } = this.frame;
    const seen = marks.map((m) => ({ ...m, px: this.x.at(m.x), py: this.y.at(m.y) }));
    const inside = seen.filter((m) => m.px >= left - 1 && m.px <= right + 1 && m.py >= top - 1 && m.py <= bottom + 1);
    this.marks.replaceChildren(...inside.map((m) => {
      const made = make("path", { d: SHAPES[m.shape](m.px, m.py), class: `mark ${m.shape} ${m.kind}` });
      if (m.title) made.append(make("title", {}, m.title));
      return made;
    }));
  }

  path(points) {
    const { top, bottom } = this.frame;
    let text = "", open = false;
    for (const [x, y] of points) {
      // What is far outside is drawn at a place just outside, which no renderer loses.
      const place = Math.min(bottom + 2000, Math.max(top - 2000, this.y.at(y)));
      if (!isFinite(y) || isNaN(place)) open = false;
      else {
        text += `${open ? "L" : "M"}${this.x.at(x).toFixed(2)} ${place.toFixed(2)}`;
        open = true;
      }
    }
    return text;
  }

  band({ x, y, kind }) {
    const [a, b] = x.map(this.x.at), [c, d] = y.map(this.y.at);
    return make("rect", { x: a, width: b - a, y: Math.min(c, d), height: Math.abs(d - c), class: `band ${kind}` });
  }

  rule({ x, kind, title }) {
    const place = this.x.at(x), { left, top, bottom, right } = this.frame;
    const line = make("line", { x1: place, x2: place, y1: top, y2: bottom, class: `rule ${kind}` });
    const middle = Math.min(right - 45, Math.max(left + 45, place));
    return title ? [line, make("text", { x: middle, y: bottom - 8, "text-anchor": "middle", class: "title" }, title)] : [line];
  }

  dots({ points, kind, size = 2.6 }) {
    const seen = points.filter(([, y]) => isFinite(y)).map(([x, y]) => [this.x.at(x), this.y.at(y)]);
    return seen.filter(([, y]) => isFinite(y)).map(([x, y]) => make("circle", { cx: x.toFixed(1), cy: y.toFixed(1), r: size, class: `dot ${kind}` }));
  }

  // The name of a line, near its right end inside the plot.
  name({ points, name, kind }) {
    const { top, bottom, right } = this.frame;
    const last = points.findLast(([x, y]) => isFinite(y) && this.y.at(y) >= top && this.y.at(y) <= bottom && this.x.at(x) <= right);
    return last && { x: Math.min(this.x.at(last[0]), right) - 4, y: Math.max(top + 12, this.y.at(last[1]) - 6), name, kind };
  }

  // Where the pointer is read, or nowhere.
  read(x) {
    const place = x === null ? null : this.x.at(x);
    this.hair.setAttribute("visibility", place === null ? "hidden" : "visible");
    if (place !== null) ["x1", "x2"].forEach((key) => this.hair.setAttribute(key, place));
  }

  // What one pixel is along x, at a place: the reach of a finger's or a pointer's aim.
  pixel() {
    return Math.abs(this.x.invert(this.frame.left + 1) - this.x.invert(this.frame.left));
  }
}

// Names that would lie on one another are moved apart.
function apart(names) {
  const placed = [...names].sort((one, other) => one.y - other.y);
  placed.forEach((name, i) => { if (i && name.y - placed[i - 1].y < 13) name.y = placed[i - 1].y + 13; });
  return placed.map(({ x, y, name, kind }) => make("text", { x, y, "text-anchor": "end", class: `name ${kind}` }, name));
}

const circle = (x, y, r) => `M${x - r} ${y}a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0z`;
const SHAPES = {
  minimum: (x, y) => `M${x - 6} ${y + 12}h12l-6 -10z`,
  kink: (x, y) => circle(x, y, 4),
  zero: (x, y) => circle(x, y, 4.5),
  flat: (x, y) => `M${x} ${y - 6}l6 6l-6 6l-6 -6z`,
  read: (x, y) => circle(x, y, 5),
};

// -- the pointer -------------------------------------------------------------------------------

// hover(x or null) previews; pick(x, y) sets; pan(from, to) and zoom(factor, x) change what is seen.
// A finger that moves up or down scrolls the page (touch-action in the style sheet), so it picks only once it
// has moved sideways, or when it is lifted.
function listen(plot, { hover, pick, pan, zoom }) {
  const box = plot.box, down = new Map();
  let start = null;
  const place = (event) => {
    const { left, top } = box.getBoundingClientRect();
    return [event.clientX - left, event.clientY - top];
  };
  const x = ([px]) => plot.x.invert(Math.min(plot.frame.right, Math.max(plot.frame.left, px)));
  const choose = (at) => pick(x(at), plot.y.invert(at[1]));
  box.addEventListener("pointerdown", (event) => {
    if (event.button > 1 || !plot.frame) return;
    const at = place(event);
    down.set(event.pointerId, at);
    const moves = pan && (event.shiftKey || event.button === 1 || at[1] > plot.frame.bottom);
    start = { at, doing: down.size > 1 ? "pinch" : moves ? "pan" : event.pointerType === "touch" ? "wait" : "pick" };
    if (event.pointerType !== "touch") event.preventDefault();
    if (start.doing === "pick") choose(at);
    box.setPointerCapture(event.pointerId);
  });
  box.addEventListener("pointermove", (event) => {
    if (!plot.frame) return;
    const at = place(event), before = down.get(event.pointerId);
    if (!before) return hover && hover(x(at));
    if (start.doing === "pinch" && zoom && down.size === 2) {
      const other = [...down].find(([id]) => id !== event.pointerId)[1][0];
      const [was, is] = [Math.abs(before[0] - other), Math.abs(at[0] - other)];
      if (was > 8 && is > 8) zoom(was / is, plot.x.invert((at[0] + other) / 2));
    } else if (start.doing === "pan") pan(plot.x.invert(before[0]), plot.x.invert(at[0]));
    else if (start.doing === "wait" && Math.abs(at[0] - start.at[0]) > 6) start.doing = "pick";
    down.set(event.pointerId, at);
    return start.doing === "pick" && choose(at);
  });
  const end = (event) => {
    if (down.delete(event.pointerId) && start.doing === "wait" && event.type === "pointerup") choose(place(event));
  };
  ["pointerup", "pointercancel"].forEach((type) => box.addEventListener(type, end));
  box.addEventListener("pointerleave", () => hover && hover(null));
  // The bare wheel scrolls the page, as everywhere.
  if (zoom) box.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    zoom(1.0015 ** event.deltaY, x(place(event)));
  }, { passive: false });
}

return { Plot, listen };
})();
