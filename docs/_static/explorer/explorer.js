// The explorer's page: its state, which the address holds, the controls that change it, and the views that show it.
"use strict";

(() => {
const MOST = 4;
const PADDING = 5;
const DASHES = [[], [9, 3], [3, 3], [9, 3, 2, 3]];
const START = "curve=swish&curve=relu";
const $ = (id) => document.getElementById(id);

// -- state and address -------------------------------------------------------------------------

function newCurve(name) {
  const entry = ACTIVATIONS[name];
  const p = Object.fromEntries(entry.knobs.map((knob) => [knob.name, knob.default]));
  return { name, p, choices: { ...entry.forms[0].choices } };
}

const clamp = (value, low, high) => Math.min(high, Math.max(low, value));
const short = (number) => String(Number(number.toPrecision(6)));

function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part; // a lone % is no code
  }
}

// What an address says, with a sentence for each part that it says wrongly.
function read(address) {
  const state = { curves: [], x: 1, w: 6, n: 20, s: 1, own: false };
  const limits = { x: [-20, 20], w: [1, 20], n: [1, 50], s: [0.2, 3] };
  const wrong = [];
  for (const part of address.replace(/^#/, "").split("&").filter(Boolean).map(decoded)) {
    const [key, text] = [part.split("=")[0], part.slice(part.indexOf("=") + 1)];
    if (key === "curve") readCurve(text, state, wrong);
    else if (key === "own") state.own = text === "1";
    else if (Object.hasOwn(limits, key) && text !== "" && isFinite(text)) state[key] = clamp(Number(text), ...limits[key]);
    else wrong.push(`“${part}” in the address is not understood`);
  }
  state.n = Math.round(state.n);
  state.x = clamp(state.x, -state.w, state.w);
  return { state, wrong };
}

function readCurve(text, state, wrong) {
  const [name, ...settings] = text.split(",");
  if (!Object.hasOwn(ACTIVATIONS, name)) return wrong.push(`the catalog has no activation “${name}”`);
  if (state.curves.length === MOST) return wrong.push(`there is room for ${MOST} curves`);
  const curve = newCurve(name);
  for (const setting of settings) {
    const [key, value] = setting.split(":");
    const knob = ACTIVATIONS[name].knobs.find((k) => k.name === key);
    if (knob && value && isFinite(value)) curve.p[key] = clamp(Number(value), knob.low, knob.high);
    else if (ACTIVATIONS[name].forms.some((f) => f.choices[key] === value && value)) curve.choices[key] = value;
    else wrong.push(`${ACTIVATIONS[name].title} takes no “${setting}”`);
  }
  return state.curves.push(curve);
}

// What a curve has other than by default: pairs of name and value, choices as words, knobs as numbers.
function changedIn(curve) {
  const usual = newCurve(curve.name);
  return ["p", "choices"].flatMap((kind) => Object.entries(curve[kind]).filter(([key, value]) => value !== usual[kind][key]));
}

// The address of a state; what is at its default is left out.
function write(state) {
  const word = (value) => (typeof value === "number" ? short(value) : value);
  const parts = state.curves.map((curve) => "curve=" + [curve.name, ...changedIn(curve).map(([key, value]) => `${key}:${word(value)}`)].join(","));
  const usual = read("").state;
  for (const key of ["x", "w", "n", "s"]) if (state[key] !== usual[key]) parts.push(`${key}=${short(state[key])}`);
  if (state.own) parts.push("own=1");
  return "#" + parts.join("&");
}

let state;

// -- words -------------------------------------------------------------------------------------

function figure(number, digits = 6) {
  if (!isFinite(number)) return isNaN(number) ? "not a number" : number > 0 ? "∞" : "−∞";
  const size = Math.abs(number);
  if (size < 1e-100) return "0"; // what is left of an exponential that is bounded
  const text = size >= 1e-4 && size < 1e6 ? String(Number(number.toPrecision(digits))) : Number(number.toPrecision(digits)).toExponential();
  return text.replace(/-/g, "−");
}

function label(curve) {
  const knobs = ACTIVATIONS[curve.name].knobs.map((knob) => `${knob.symbol} = ${figure(curve.p[knob.name], 4)}`);
  const choices = changedIn(curve).map(([, value]) => value).filter((value) => typeof value === "string");
  return [ACTIVATIONS[curve.name].title, ...knobs, ...choices].join(", ");
}

function code(curve) {
  if (curve.name === "softmax") return `Softmax(temperature=${short(curve.p.temperature)})`;
  const word = (value) => (typeof value === "number" ? short(value) : `"${value}"`);
  return `get_activation("${curve.name}"${changedIn(curve).map(([key, value]) => `, ${key}=${word(value)}`).join("")})`;
}

function interval([low, high]) {
  if (low === -Infinity && high === Infinity) return "every x";
  if (low === -Infinity) return `x below ${figure(high, 4)}`;
  if (high === Infinity) return `x above ${figure(low, 4)}`;
  return `x from ${figure(low, 4)} to ${figure(high, 4)}`;
}

const cache = new Map();
function remembered(key, compute) {
  if (cache.size > 500) cache.clear();
  if (!cache.has(key)) cache.set(key, compute());
  return cache.get(key);
}
const known = (curve) => remembered(JSON.stringify(curve), () => facts(curve));
const scaleOf = (curve) => (state.own ? remembered("gain" + JSON.stringify(curve), () => ownGain(curve)) : state.s);
const chained = (curve) => {
  const scale = scaleOf(curve);
  return remembered(JSON.stringify([curve, state.n, scale]), () => chain(curve, state.n, scale));
};

const FACTS = [
  ["value at x", (curve) => figure(form(curve).value(state.x))],
  ["gradient at x", (curve) => figure(form(curve).gradient(state.x))],
  ["range", (curve) => {
    const { range, closed } = known(curve);
    return `${closed[0] ? "[" : "("}${figure(range[0], 4)}, ${figure(range[1], 4)}${closed[1] ? "]" : ")"}`;
  }],
  ["minimum", (curve) => {
    const { minimum, range, closed, flat } = known(curve);
    if (minimum) return `${figure(minimum.y, 4)} at x = ${figure(minimum.x, 4)}`;
    if (range[0] === -Infinity) return "none: it falls without end";
    if (!closed[0]) return `none: it only comes near ${figure(range[0], 4)}`;
    return `${figure(range[0], 4)}, ${flat.length ? "all along a flat piece" : "at many places"}`;
  }],
  ["gradient is 0 at", (curve) => {
    const { zeros, flat } = known(curve);
    if (zeros.length > 4) return "many places"; // of a wave
    return [...zeros.map((x) => `x = ${figure(x, 4)}`), ...flat.map(interval)].join("; ") || "no x";
  }],
  ["steepest gradient", (curve) => (known(curve).jumps ? "∞, a jump" : figure(known(curve).steepest, 4))],
  ["in Gluon", (curve) => code(curve), "code"],
];

const DEPTH = [
  ["scale of the weights", (curve) => figure(scaleOf(curve), 4)],
  ["signal after the last layer", (curve) => figure(chained(curve).signal[state.n], 4)],
  ["gradient factor back at the inputs", (curve) => figure(chained(curve).gradient[0], 4)],
];

// -- pictures ----------------------------------------------------------------------------------

const views = {}; // by the id of their box: { view, made }, made saying what it was built for
const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

// A view is built for a number of curves, a size and a theme; whatever else changes is handed to it.
function draw(id, what) {
  const box = $(id);
  const made = [state.curves.length, box.clientWidth, box.clientHeight, css("--pst-color-text-base")].join();
  if (!views[id] || views[id].made !== made) {
    if (views[id]) views[id].view.finalize();
    views[id] = { made, view: new vega.View(vega.parse(chart(box, what)), { renderer: "svg", container: box, hover: false, logLevel: vega.Error }) };
    // Vega makes the box a document whose marks would all need names: to a screen reader it stays one picture.
    box.setAttribute("role", "img");
    box.querySelector("svg").setAttribute("aria-hidden", "true");
  }
  const { view } = views[id];
  what.lines.forEach((rows, i) => view.data("line" + i, rows));
  view.data("cursor", what.cursor).signal("xs", what.x).signal("ys", what.y);
  if (what.log) view.signal("powers", powers(what.y));
  view.run();
  box.setAttribute("aria-label", what.words);
}

function chart(box, what) {
  const [text, grid] = [css("--pst-color-text-base"), css("--pst-color-border")];
  const axis = { domainColor: text, tickColor: text, labelColor: text, titleColor: text, gridColor: grid, grid: true, gridOpacity: 0.7, labelFontSize: 12, titleFontSize: 13, titleFontWeight: "normal" };
  const [x, y] = [{ scale: "x", field: "x" }, { scale: "y", field: "y" }];
  const line = (i) => ({
    type: "line",
    from: { data: "line" + i },
    clip: true,
    encode: {
      enter: { stroke: { value: css("--curve-" + i) }, strokeWidth: { value: 2.5 }, strokeDash: { value: DASHES[i] } },
      update: { x, y, defined: { signal: "isValid(datum.y)" } },
    },
  });
  return {
    width: box.clientWidth, height: box.clientHeight, padding: PADDING, autosize: { type: "fit", contains: "padding" },
    config: { aria: false }, // the box has a label, and the numbers are in the tables
    signals: [{ name: "xs", value: what.x }, { name: "ys", value: what.y }, { name: "powers", value: [] }],
    data: [...state.curves.map((_, i) => ({ name: "line" + i })), { name: "cursor" }],
    scales: [
      { name: "x", type: "linear", domain: { signal: "xs" }, range: "width", nice: false, zero: false },
      { name: "y", type: what.log ? "log" : "linear", domain: { signal: "ys" }, range: "height", nice: false, zero: false },
    ],
    axes: [
      { orient: "bottom", scale: "x", title: what.xTitle, tickCount: 8, ...axis },
      { orient: "left", scale: "y", title: what.yTitle, ...(what.log ? { values: { signal: "powers" }, format: "~e" } : { tickCount: 7 }), ...axis },
    ],
    marks: [
      ...state.curves.map((_, i) => line(i)),
      { type: "rule", from: { data: "cursor" }, encode: { update: { x, y: { value: 0 }, y2: { signal: "height" }, stroke: { value: text }, strokeWidth: { value: 0.5 } } } },
      { type: "symbol", from: { data: "cursor" }, clip: true, encode: { update: { x, y, size: { value: 60 }, fill: { field: "color" } } } },
    ],
  };
}

const cursorOf = (which) => state.curves.map((curve, i) => ({ x: state.x, y: form(curve)[which](state.x), color: css("--curve-" + i) }));

// The interval that holds all of it and 0, in steps that do not make the axis jump at each touch of a knob.
function around(lines) {
  const ys = lines.flat().map((row) => row.y).filter(isFinite);
  const [low, high] = [Math.min(0, ...ys), Math.max(0, ...ys)];
  const step = high - low > 8 ? 2 : high - low > 3 ? 0.5 : 0.25;
  return [Math.floor(low / step - 0.1) * step, Math.ceil(high / step + 0.1) * step];
}

function aroundLogs(lines) {
  const ys = lines.flat().map((row) => row.y).filter((y) => y > 0 && isFinite(y));
  const logs = [-1, 1, ...ys.map(Math.log10)];
  return [10 ** Math.max(-307, Math.floor(Math.min(...logs))), 10 ** Math.min(308, Math.ceil(Math.max(...logs)))];
}

// At most nine powers of ten, evenly spaced, between two of them.
function powers([low, high]) {
  const [a, b] = [Math.round(Math.log10(low)), Math.round(Math.log10(high))];
  const step = Math.ceil((b - a) / 8);
  return Array.from({ length: b - a + 1 }, (_, i) => 10 ** (a + i)).filter((_, i) => i % step === 0);
}

function drawCurves() {
  const xs = Array.from({ length: 481 }, (_, i) => state.w * (i / 240 - 1));
  for (const which of ["value", "gradient"]) {
    const lines = state.curves.map((curve) => xs.map((x) => ({ x, y: form(curve)[which](x) })));
    const words = `Line chart of the ${which} of ${state.curves.map(label).join(" and of ")}, for x from ${-state.w} to ${state.w}. The table below has the numbers.`;
    draw(which, { lines, cursor: cursorOf(which), x: [-state.w, state.w], y: around(lines), xTitle: "input x", yTitle: which, words });
  }
}

function drawChain() {
  for (const [id, key, title] of [["signal", "signal", "signal"], ["back", "gradient", "gradient factor"]]) {
    const lines = state.curves.map((curve) => chained(curve)[key].map((y, x) => ({ x, y: y > 0 && isFinite(y) ? y : null })));
    const words = `Line chart of the ${title} through ${state.n} layers of ${state.curves.map(label).join(" and of ")}. The table below has the numbers at its end.`;
    draw(id, { lines, cursor: [], x: [0, state.n], y: aroundLogs(lines), log: true, xTitle: "layer (0: the inputs)", yTitle: title, words });
  }
}

// -- tables ------------------------------------------------------------------------------------

function element(tag, text, attributes = {}) {
  const made = document.createElement(tag);
  if (text !== undefined) made.textContent = text;
  Object.entries(attributes).forEach(([key, value]) => made.setAttribute(key, value));
  return made;
}

function fill(table, caption, rows) {
  const head = element("tr");
  head.append(element("td"));
  state.curves.forEach((curve, i) => head.append(element("th", label(curve), { scope: "col", style: `--curve: var(--curve-${i})` })));
  const body = element("tbody");
  for (const [title, words, tag] of rows) {
    const row = element("tr");
    row.append(element("th", title, { scope: "row" }));
    for (const curve of state.curves) {
      const cell = element("td", tag ? undefined : words(curve));
      if (tag) cell.append(element(tag, words(curve)));
      row.append(cell);
    }
    body.append(row);
  }
  const thead = element("thead");
  thead.append(head);
  table.replaceChildren(element("caption", caption), thead, body);
}

function tables() {
  fill($("facts"), `At x = ${figure(state.x)}, and in all`, FACTS);
  fill($("depth"), `After ${state.n} ${state.n === 1 ? "layer" : "layers"}`, DEPTH);
}

let speaking;
function speak(text) {
  clearTimeout(speaking); // only the last of many moves is worth hearing
  speaking = setTimeout(() => ($("explorer-status").textContent = text), 400);
}
const tell = (text) => ($("explorer-message").textContent = text);
const spoken = () => state.curves.map((curve) => `${label(curve)}: at x = ${figure(state.x, 4)} value ${figure(form(curve).value(state.x), 4)}, gradient ${figure(form(curve).gradient(state.x), 4)}`).join(". ");

// -- controls ----------------------------------------------------------------------------------

function slider(id, value, words) {
  $(id).value = value;
  $(id).setAttribute("aria-valuetext", words);
  $(id + "-out").textContent = words;
}

// A step of about a two-hundredth of the way, round, so that an arrow key makes a visible move.
function stepOf(knob) {
  const rough = (knob.high - knob.low) / 200;
  const power = 10 ** Math.floor(Math.log10(rough));
  return [1, 2, 5, 10].map((n) => n * power).find((n) => n >= rough);
}

function card(curve, i) {
  const box = element("fieldset", undefined, { style: `--curve: var(--curve-${i})` });
  box.append(element("legend", `Curve ${i + 1}`));
  const name = element("select", undefined, { id: `name-${i}`, "aria-label": `Activation of curve ${i + 1}` });
  for (const family of FAMILIES) {
    const group = element("optgroup", undefined, { label: family });
    Object.entries(ACTIVATIONS).filter(([, entry]) => entry.family === family).forEach(([key, entry]) => group.append(element("option", entry.title, { value: key })));
    name.append(group);
  }
  name.value = curve.name;
  name.addEventListener("change", () => { state.curves[i] = newCurve(name.value); cards(`name-${i}`); changed(); });
  box.append(name);
  for (const key of Object.keys(curve.choices)) box.append(choice(curve, i, key));
  ACTIVATIONS[curve.name].knobs.forEach((knob) => box.append(...knobOf(curve, i, knob)));
  const row = element("div", undefined, { class: "explorer-row" });
  row.append(element("a", "Facts", { href: ACTIVATIONS[curve.name].page, "aria-label": `Formula and facts of ${ACTIVATIONS[curve.name].title}` }));
  const remove = element("button", "Remove", { type: "button", "aria-label": `Remove curve ${i + 1}, ${ACTIVATIONS[curve.name].title}` });
  remove.disabled = state.curves.length === 1;
  remove.addEventListener("click", () => { state.curves.splice(i, 1); cards("add"); changed(); });
  row.append(remove);
  box.append(row);
  return box;
}

function choice(curve, i, key) {
  const outer = element("label", `${key} `, { for: `${key}-${i}` });
  const select = element("select", undefined, { id: `${key}-${i}` });
  ACTIVATIONS[curve.name].forms.forEach((f) => select.append(element("option", f.choices[key], { value: f.choices[key] })));
  select.value = curve.choices[key];
  select.addEventListener("change", () => { curve.choices[key] = select.value; changed(); });
  outer.append(select);
  return outer;
}

function knobOf(curve, i, knob) {
  const id = `${knob.name}-${i}`;
  const outer = element("label", undefined, { for: id });
  const name = knob.symbol === knob.name ? knob.name : `${knob.name} ${knob.symbol}`;
  outer.append(`${name} = `, element("output", figure(curve.p[knob.name], 4), { id: `${id}-out`, for: id }));
  const range = element("input", undefined, { type: "range", id, min: knob.low, max: knob.high, step: stepOf(knob) });
  range.value = curve.p[knob.name];
  range.setAttribute("aria-valuetext", figure(curve.p[knob.name], 4));
  range.addEventListener("input", () => {
    curve.p[knob.name] = Number(range.value);
    slider(id, range.value, figure(curve.p[knob.name], 4));
    changed();
  });
  return [outer, range];
}

function cards(focus) {
  $("curves").replaceChildren(...state.curves.map(card));
  $("add").disabled = state.curves.length === MOST;
  if (focus && $(focus)) $(focus).focus();
}

function showControls() {
  $("x").min = -state.w;
  $("x").max = state.w;
  slider("x", state.x, figure(state.x));
  slider("w", state.w, figure(state.w));
  slider("n", state.n, String(state.n));
  slider("s", state.s, state.own ? "each its own" : figure(state.s, 4));
  $("own").setAttribute("aria-pressed", String(state.own));
  for (const button of document.querySelectorAll("[data-scale]")) button.setAttribute("aria-pressed", String(!state.own && state.s === Number(button.dataset.scale)));
}

// -- together ----------------------------------------------------------------------------------

// Browsers do not like an address that changes with each move of the mouse.
let keeping;
const keepNow = () => history.replaceState(null, "", write(state));
function keep() {
  clearTimeout(keeping);
  keeping = setTimeout(keepNow, 100);
}

let waiting = false;
function changed() {
  if (waiting) return;
  waiting = true;
  requestAnimationFrame(() => {
    waiting = false;
    keep();
    showControls();
    drawCurves();
    drawChain();
    tables();
    speak(spoken());
  });
}

// Only the place that is read has moved.
function moved(x) {
  state.x = Number(clamp(x, -state.w, state.w).toPrecision(4));
  keep();
  showControls();
  for (const which of ["value", "gradient"]) views[which].view.data("cursor", cursorOf(which)).run();
  fill($("facts"), `At x = ${figure(state.x)}, and in all`, FACTS);
  speak(spoken());
}

function open(address) {
  const { state: found, wrong } = read(address);
  state = found;
  if (!state.curves.length) state.curves = read(START).state.curves;
  cards();
  changed();
  tell(wrong.length ? `Some of the address was left out: ${wrong.join("; ")}.` : "");
}

function listen() {
  $("add").addEventListener("click", () => {
    const fresh = ["gelu", "mish", "tanh", "silu"].find((name) => !state.curves.some((curve) => curve.name === name));
    state.curves.push(newCurve(fresh));
    cards(`name-${state.curves.length - 1}`);
    changed();
  });
  $("reset").addEventListener("click", () => open(""));
  $("link").addEventListener("click", async () => {
    keepNow();
    try {
      await navigator.clipboard.writeText(location.href);
      tell("The link is copied.");
    } catch {
      tell("Your browser does not let a page copy: take the link from the address bar.");
    }
  });
  $("x").addEventListener("input", () => moved(Number($("x").value)));
  $("w").addEventListener("input", () => { state.w = Number($("w").value); state.x = clamp(state.x, -state.w, state.w); changed(); });
  $("n").addEventListener("input", () => { state.n = Number($("n").value); changed(); });
  $("s").addEventListener("input", () => { state.s = Number($("s").value); state.own = false; changed(); });
  document.querySelectorAll("[data-scale]").forEach((button) => button.addEventListener("click", () => { state.s = Number(button.dataset.scale); state.own = false; changed(); }));
  $("own").addEventListener("click", () => { state.own = !state.own; changed(); });
  for (const which of ["value", "gradient"]) {
    const follow = (event) => {
      const { view } = views[which];
      moved(view.scale("x").invert(event.clientX - $(which).getBoundingClientRect().left - view.origin()[0] - PADDING));
    };
    $(which).addEventListener("pointermove", follow);
    $(which).addEventListener("pointerdown", follow);
  }
  window.addEventListener("hashchange", () => open(location.hash));
  new ResizeObserver(changed).observe($("value"));
  new MutationObserver(changed).observe(document.documentElement, { attributeFilter: ["data-theme"] });
}

document.querySelectorAll(".explorer").forEach((part) => (part.hidden = false));
document.querySelector(".js-only-note").hidden = true;
listen();
open(location.hash);
})();
