// The explorer's page: one state, the controls that change it, and what is drawn and written anew when it changes.
"use strict";

(() => {
const START = "curve=swish&curve=relu";
const PLOTS = ["value", "difference", "signal", "back", "alike", "phase"];
const $ = (id) => document.getElementById(id);
const root = $("explorer-tool"), plots = {}, knobs = {}, past = new History();
let state, hovered = null, shown = location.hash; // the address, as this page last read or wrote it

// -- words -------------------------------------------------------------------------------------

// Under the plot: each curve at the place that is read, or that the pointer previews.
function readout() {
  const x = hovered ?? state.x;
  const rows = state.curves.map((curve, i) => {
    const { value } = form(curve);
    return element("span", undefined, { class: KINDS[i] }, element("b", LETTERS[i]), ` ${label(curve)}: value ${figure(value(x), 4)}, gradient ${figure(Curves.slope(curve, x), 4)}`);
  });
  const { a, b } = Curves.sides(state);
  if (state.view === "difference" && a && b) rows.push(element("span", `${Curves.named(state)}: ${figure(Difference.at(x, a, b, state.unit), 4)}${state.unit === "ulp" ? " ULP" : ""}`));
  $("readout").replaceChildren(element("span", `at x = ${figure(x)}`), ...rows);
}

let speaking;
function speak(text) {
  clearTimeout(speaking); // only the last of many moves is worth hearing
  speaking = setTimeout(() => ($("explorer-status").textContent = text), 400);
}

function spoken() {
  const of = (curve) => (state.view === "depth"
    ? `after ${state.n} layers gradient factor ${figure(Trainability.chained(state, curve).gradient[0], 4)}`
    : `at x = ${figure(state.x, 4)} value ${figure(form(curve).value(state.x), 4)}, gradient ${figure(Curves.slope(curve, state.x), 4)}`);
  return state.curves.map((curve) => `${label(curve)}: ${of(curve)}`).join(". ");
}

const tell = (text) => ($("explorer-message").textContent = text);

// The question that this state answers, if it is one.
function answer() {
  const asked = QUESTIONS.find(({ address }) => write(read(address).state) === write(state));
  $("answer").hidden = !asked;
  $("answer").replaceChildren(...(asked ? [element("strong", asked.ask), ` ${asked.answer}`] : []));
  document.querySelectorAll("#questions a").forEach((link) => (link.dataset.id === asked?.id ? link.setAttribute("aria-current", "true") : link.removeAttribute("aria-current")));
}

// -- drawing -----------------------------------------------------------------------------------

const VIEW = {
  curves() { Curves.draw(plots.value, state); },
  difference() {
    Curves.draw(plots.value, state);
    const found = Curves.drawDifference(plots.difference, state);
    $("most").textContent = found ? `The largest in this picture: ${figure(found.most, 3)}${state.unit === "ulp" ? " ULP" : ""} at x = ${figure(found.where, 4)}.` : differenceMissing();
  },
  depth() { Trainability.drawLayers(plots, state, []); },
};

function differenceMissing() {
  const a = state.curves[state.a];
  return state.b === "torch" && a ? `PyTorch has no formula for ${ACTIVATIONS[a.name].title} with more than one rounding.` : "Add a second curve, and choose what is subtracted from what.";
}

// What takes long, once the knobs rest: a real net, and the map of all scales and depths.
const SETTLED = {
  curves() {},
  difference() {},
  depth() {
    Trainability.drawLayers(plots, state, state.curves.map((curve) => Trainability.real(state, curve)));
    Trainability.drawPhase(plots.phase, state);
    Tables.fill($("depth"), `After ${state.n} ${state.n === 1 ? "layer" : "layers"}`, Trainability.ROWS, state);
  },
};

let waiting = false, resting;
function changed() {
  clearTimeout(resting);
  resting = setTimeout(rest, 200);
  if (waiting) return;
  waiting = true;
  requestAnimationFrame(() => {
    waiting = false;
    showControls();
    VIEW[state.view]();
    readout();
    if (state.view !== "depth") Tables.fill($("facts"), `At x = ${figure(state.x)}, and in all`, Tables.FACTS, state);
  });
}

// Browsers do not like an address that changes with each move of the mouse.
function rest() {
  keepNow();
  SETTLED[state.view]();
  answer();
  speak(spoken());
}

function keepNow() {
  clearTimeout(resting);
  if (location.hash !== shown) return; // somebody gave another address, of which the page hears in a moment
  const address = write(state);
  if (decoded(location.hash) !== address) history.replaceState(null, "", address);
  shown = location.hash;
  past.keep(address);
  ["undo", "redo"].forEach((id, i) => ($(id).disabled = !past.can(i ? 1 : -1)));
}

// Only the place that is read has moved.
function moved(x) {
  state.x = clamp(x, NUMBERS.x.low, NUMBERS.x.high);
  hovered = null;
  changed();
}

// -- controls ----------------------------------------------------------------------------------

function card(curve, i) {
  const box = element("fieldset", undefined, { class: KINDS[i] }, element("legend", LETTERS[i]));
  const facts = element("a", "Facts", { href: ACTIVATIONS[curve.name].page, "aria-label": `Facts and formula of ${ACTIVATIONS[curve.name].title}` });
  const remove = element("button", "Remove", { type: "button", "aria-label": `Remove curve ${LETTERS[i]}, ${ACTIVATIONS[curve.name].title}` });
  remove.disabled = state.curves.length === 1;
  remove.addEventListener("click", () => { state.curves.splice(i, 1); cards("add"); changed(); });
  const select = activationSelect(`name-${i}`, `Activation of curve ${LETTERS[i]}`, curve.name, (name) => { state.curves[i] = newCurve(name); cards(`name-${i}`); changed(); });
  box.append(element("div", undefined, { class: "explorer-row" }, select, facts, remove), ...choicesOf(curve, i, changed), ...knobsOf(curve, i, changed));
  return box;
}

function option(text, value) {
  return element("option", text, { value });
}

function cards(focus) {
  $("curves").replaceChildren(...state.curves.map(card));
  $("add").disabled = state.curves.length === MOST;
  const names = state.curves.map((curve, i) => option(`${LETTERS[i]}, ${label(curve)}`, i));
  $("minuend").replaceChildren(...names.map((name) => name.cloneNode(true)));
  $("subtrahend").replaceChildren(...names, option("PyTorch’s form of it", "torch"));
  if (focus && $(focus)) $(focus).focus();
}

function showControls() {
  paint(state);
  root.dataset.view = state.view;
  document.querySelectorAll("[data-view-button]").forEach((button) => button.setAttribute("aria-pressed", String(button.dataset.viewButton === state.view)));
  document.querySelectorAll("[data-show]").forEach((button) => button.setAttribute("aria-pressed", String(state.show === "both" || state.show === button.dataset.show)));
  document.querySelectorAll("[data-unit]").forEach((button) => button.setAttribute("aria-pressed", String(button.dataset.unit === state.unit)));
  knobs.x.set(state.x, Curves.domain(state));
  ["w", "n", "s", "r"].forEach((key) => knobs[key].set(state[key]));
  document.querySelectorAll("[data-scale]").forEach((button) => button.setAttribute("aria-pressed", String(!state.own && state.s === parsed(button.dataset.scale))));
  $("own").setAttribute("aria-pressed", String(state.own));
  [$("minuend").value, $("subtrahend").value] = [state.a, state.b];
  const seen = Curves.domain(state);
  const marks = state.curves.flatMap((curve, i) => known(curve).places.map((place) => ({ ...place, i }))).filter(({ x }) => x >= seen[0] && x <= seen[1]);
  $("places").replaceChildren(...marks.slice(0, 8).map(({ x, title, i }) => {
    const button = element("button", `${LETTERS[i]} ${title.split(",")[0]} at ${figure(x, 4)}`, { type: "button", class: KINDS[i] });
    button.addEventListener("click", () => moved(x));
    return button;
  }));
}

function zoom(factor, x = state.c) {
  const w = clamp(state.w * factor, NUMBERS.w.low, NUMBERS.w.high);
  state.c = clamp(rounded(x + ((state.c - x) * w) / state.w, w), NUMBERS.c.low, NUMBERS.c.high);
  state.w = Number(w.toPrecision(3));
  changed();
}

const rounded = (value, w) => Number((Math.round((value / w) * 200) * (w / 200)).toPrecision(6));
const pan = (by) => { state.c = clamp(rounded(state.c + by, state.w), NUMBERS.c.low, NUMBERS.c.high); changed(); };

function open(address) {
  const { state: found, wrong } = read(address);
  state = found;
  if (!state.curves.length) state.curves = read(START).state.curves;
  hovered = null;
  cards();
  changed();
  tell(wrong.length ? `Not all of the address is possible: ${wrong.join("; ")}.` : "");
}

function step(by) {
  keepNow(); // what is under way is a step, too
  const address = past.step(by);
  if (address !== undefined) open(address);
}

function makeControls() {
  const set = (key) => (value) => { state[key] = value; changed(); };
  const kinds = {
    x: { title: "x", line: true, words: (x) => figure(x), least: NUMBERS.x.low, most: NUMBERS.x.high },
    w: { title: "zoom", line: true, called: "zoom: half-width of the picture", log: true, low: 0.1, high: 20, least: NUMBERS.w.low, most: NUMBERS.w.high, ticks: [1, 6] },
    n: { title: "layers", line: true, step: 1, ticks: [10, 20, 30, 40] },
    s: { title: "scale", called: "scale of the weights", line: true, log: true, ticks: [1, Math.SQRT2], words: (s) => (state?.own ? "each its own" : figure(s, 4)) },
    r: { title: "correlation", called: "correlation of the two inputs", line: true, step: 0.01, ticks: [0.5] },
  };
  const turned = {
    x: (x, by) => moved(Curves.snapped(state, x, Curves.reach(state, by))),
    s: (s) => { state.own = false; set("s")(s); },
  };
  for (const [key, kind] of Object.entries(kinds)) {
    knobs[key] = makeKnob({ id: key, ...NUMBERS[key], value: NUMBERS[key].usual, called: kind.title, ...kind }, turned[key] || set(key));
    $(`knob-${key}`).append(knobs[key].node);
  }
  $("questions").append(...QUESTIONS.map(({ id, ask, address }) => element("a", ask, { href: `#${address}`, "data-id": id })));
}

function listen() {
  const click = (selector, act) => document.querySelectorAll(selector).forEach((button) => button.addEventListener("click", () => { act(button); changed(); }));
  click("#add", () => {
    const fresh = ["gelu", "mish", "tanh", "silu"].find((name) => !state.curves.some((curve) => curve.name === name));
    state.curves.push(newCurve(fresh));
    cards(`name-${state.curves.length - 1}`);
  });
  click("[data-view-button]", (button) => { state.view = button.dataset.viewButton; });
  click("[data-unit]", (button) => { state.unit = button.dataset.unit; });
  click("[data-show]", (button) => {
    const other = button.dataset.show === "value" ? "gradient" : "value";
    state.show = state.show === "both" ? other : state.show === button.dataset.show ? other : "both";
  });
  click("[data-scale]", (button) => { [state.s, state.own] = [parsed(button.dataset.scale), false]; });
  click("#own", () => { state.own = !state.own; });
  click("#another", () => { state.net = (state.net % NUMBERS.net.high) + 1; });
  click("#reset", () => open(""));
  click("#nearer", () => zoom(1 / 1.5, state.x));
  click("#farther", () => zoom(1.5, state.x));
  click("#left", () => pan(-state.w / 4));
  click("#right", () => pan(state.w / 4));
  click("#fit", () => { [state.c, state.w] = [NUMBERS.c.usual, NUMBERS.w.usual]; });
  $("undo").addEventListener("click", () => step(-1));
  $("redo").addEventListener("click", () => step(1));
  document.addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "z" || event.target.matches("input[type=text]")) return;
    event.preventDefault();
    step(event.shiftKey ? 1 : -1);
  });
  $("minuend").addEventListener("change", () => { state.a = Number($("minuend").value); changed(); });
  $("subtrahend").addEventListener("change", () => { state.b = $("subtrahend").value === "torch" ? "torch" : Number($("subtrahend").value); changed(); });
  $("link").addEventListener("click", async () => {
    keepNow();
    try {
      await navigator.clipboard.writeText(location.href);
      tell("The link is copied.");
    } catch {
      tell("Your browser does not let a page copy: take the link from the address bar.");
    }
  });
  for (const id of ["value", "difference"]) {
    const plot = plots[id];
    Draw.listen(plot, {
      hover: (x) => { hovered = x; plot.read(x); readout(); },
      pick: (x) => moved(Curves.snapped(state, Number(x.toPrecision(4)), 7 * plot.pixel())),
      pan: (from, to) => pan(from - to),
      zoom,
    });
  }
  Draw.listen(plots.phase, { pick: (s, n) => {
    [state.s, state.n, state.own] = [Number(clamp(s, NUMBERS.s.low, NUMBERS.s.high).toPrecision(3)), clamp(Math.round(n), 1, NUMBERS.n.high), false];
    changed();
  } });
  window.addEventListener("hashchange", () => {
    shown = location.hash;
    if (decoded(shown) !== write(state)) open(shown);
  });
  new ResizeObserver(changed).observe($("plots"));
}

root.hidden = false;
document.querySelectorAll(".explorer-more").forEach((part) => (part.hidden = false));
document.querySelector(".js-only-note").hidden = true;
PLOTS.forEach((id) => (plots[id] = new Draw.Plot($(id))));
makeControls();
open(location.hash);
listen();
})();
