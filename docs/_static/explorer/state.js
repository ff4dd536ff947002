// What the explorer shows, as one address: read, written, and taken back. Nothing is lost on the way, so √2 stays √2.
"use strict";

// -- exact numbers -----------------------------------------------------------------------------

// A number as people write it: 1.5, −2/3, √2, 2√3, √(2/3), π/2, sqrt(2), 1e-3; not a number where it is none.
function parsed(text) {
  const plain = text.trim().toLowerCase().replace(/[−–]/g, "-").replace(/sqrt/g, "√").replace(/pi/g, "π").replace(/\s|\*/g, "");
  const [, sign, above, below] = /^([+-]?)([^/(]*(?:\([^)]*\))?[^/]*)(?:\/(.+))?$/.exec(plain) || [];
  if (!above) return NaN;
  const value = product(above) / (below === undefined ? 1 : product(below));
  return sign === "-" ? -value : value;
}

function product(text) {
  const [, number, , inner, pi] = /^((?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)?(√(\d+\.?\d*|\(\d+(?:\.\d+)?(?:\/\d+)?\)))?(π)?$/.exec(text) || [];
  if (!number && !inner && !pi) return NaN;
  const root = inner ? Math.sqrt(inner[0] === "(" ? parsed(inner.slice(1, -1)) : Number(inner)) : 1;
  return (number ? Number(number) : 1) * root * (pi ? Math.PI : 1);
}

const SMALL = Array.from({ length: 12 }, (_, i) => i + 1);
const FRACTIONS = SMALL.flatMap((d) => SMALL.map((n) => (d === 1 ? `${n}` : `${n}/${d}`)));
const CONSTANTS = new Map(
  [...FRACTIONS, ...FRACTIONS.map((f) => (f.includes("/") ? `√(${f})` : `√${f}`)), ...SMALL.flatMap((d) => (d === 1 ? ["π", "2π"] : [`π/${d}`]))]
    .reverse().map((text) => [parsed(text), text]),
);

// The shortest text that means exactly this number.
function spelled(value) {
  const text = String(value);
  if (text.length < 9) return text;
  return CONSTANTS.has(Math.abs(value)) ? (value < 0 ? "-" : "") + CONSTANTS.get(Math.abs(value)) : text;
}

// -- words -------------------------------------------------------------------------------------

function figure(number, digits = 6) {
  if (!isFinite(number)) return isNaN(number) ? "not a number" : number > 0 ? "∞" : "−∞";
  const size = Math.abs(number);
  if (size < 1e-100) return "0"; // what is left of an exponential that is bounded
  const text = size >= 1e-4 && size < 1e6 ? String(Number(number.toPrecision(digits))) : Number(number.toPrecision(digits)).toExponential();
  return text.replace(/-/g, "−");
}

// What a curve has other than by default: pairs of name and value, choices as words, knobs as numbers.
function changedIn(curve) {
  const usual = newCurve(curve.name);
  return ["p", "choices"].flatMap((kind) => Object.entries(curve[kind]).filter(([key, value]) => value !== usual[kind][key]));
}

function label(curve) {
  const knobs = ACTIVATIONS[curve.name].knobs.map((knob) => `${knob.symbol} = ${figure(curve.p[knob.name], 4)}`);
  const choices = changedIn(curve).map(([, value]) => value).filter((value) => typeof value === "string");
  return [ACTIVATIONS[curve.name].title, ...knobs, ...choices].join(", ");
}

// -- the state and its address -----------------------------------------------------------------

const MOST = 4;
const LETTERS = "ABCD";
const KINDS = ["c0", "c1", "c2", "c3"]; // the classes of their colours, which paint() sets
const VIEWS = ["curves", "difference", "depth"];
// Numbers of the state: what each is usually, how far it goes, and what it is called.
const NUMBERS = {
  x: { usual: 1, low: -40, high: 40, called: "x" },
  w: { usual: 6, low: 0.001, high: 40, called: "the half-width of the picture" },
  c: { usual: 0, low: -40, high: 40, called: "the centre of the picture" },
  n: { usual: 20, low: 1, high: 50, called: "the number of layers" },
  s: { usual: 1, low: 0.2, high: 12, called: "the scale of the weights" },
  r: { usual: 0.5, low: 0, high: 1, called: "the correlation of the inputs" },
  net: { usual: 1, low: 1, high: 999, called: "the number of the random net" },
};
const WORDS = { view: VIEWS, unit: ["absolute", "ulp"], show: ["both", "value", "gradient"] };

// Each curve has its activation's colour; where an earlier one has that, one of the palette that none has as its own.
function paint({ curves }) {
  const own = curves.map(({ name }) => ACTIVATIONS[name].color), free = PALETTE.filter((color) => !own.includes(color));
  own.forEach((color, i) => document.documentElement.style.setProperty(`--own-${i}`, own.indexOf(color) === i ? color : free.shift()));
}

function newCurve(name) {
  const entry = ACTIVATIONS[name];
  const p = Object.fromEntries(entry.knobs.map((knob) => [knob.name, knob.default]));
  return { name, p, choices: { ...entry.forms[0].choices } };
}

const clamp = (value, low, high) => Math.min(high, Math.max(low, value));
const folded = (text) => text.toLowerCase().replace(/[\s_-]/g, "");

// Names in any case: silu, SiLU, Hard Swish, hard-swish.
const NAMES = new Map(Object.entries(ACTIVATIONS).flatMap(([name, { title }]) => [[folded(title), name], [folded(name), name]]));

function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part; // a lone % is no code
  }
}

// A number between its limits; what was asked for beyond them is said.
function within(value, { low, high, called }, wrong) {
  const taken = clamp(value, low, high);
  if (taken !== value) wrong.push(`${called} goes from ${figure(low)} to ${figure(high)} here, so ${figure(value)} has become ${figure(taken)}`);
  return taken;
}

// What an address says, with a sentence for each part that it says wrongly.
function read(address) {
  const usual = Object.entries(NUMBERS).map(([key, { usual }]) => [key, usual]);
  const state = { curves: [], own: false, a: 0, b: 1, view: "curves", unit: "absolute", show: "both", ...Object.fromEntries(usual) };
  const wrong = [];
  for (const part of address.replace(/^#/, "").split("&").filter(Boolean).map(decoded)) {
    const [key, text] = [part.split("=")[0].toLowerCase(), part.slice(part.indexOf("=") + 1)];
    const word = folded(text);
    if (key === "curve") readCurve(text, state, wrong);
    else if (key === "own") state.own = text === "1";
    else if (key === "diff" && /^[a-d]-([a-d]|torch)$/i.test(text)) [state.a, state.b] = text.toUpperCase().split("-").map((one) => (one === "TORCH" ? "torch" : LETTERS.indexOf(one)));
    else if (Object.hasOwn(WORDS, key) && WORDS[key].includes(word)) state[key] = word;
    else if (Object.hasOwn(NUMBERS, key) && isFinite(parsed(text))) state[key] = within(parsed(text), NUMBERS[key], wrong);
    else wrong.push(`“${part}” in the address is not understood`);
  }
  [state.n, state.net] = [Math.round(state.n), Math.round(state.net)];
  return { state, wrong };
}

function readCurve(text, state, wrong) {
  const [asked, ...settings] = text.split(",");
  const name = NAMES.get(folded(asked));
  if (!name) return wrong.push(`the catalog has no activation “${asked}”`);
  if (state.curves.length === MOST) return wrong.push(`there is room for ${MOST} curves`);
  const curve = newCurve(name), { title, knobs, forms } = ACTIVATIONS[name];
  for (const setting of settings) {
    const [key, value = ""] = setting.split(":").map((part) => part.trim().toLowerCase());
    const knob = knobs.find((k) => [k.name.toLowerCase(), k.symbol.toLowerCase()].includes(key));
    const chosen = forms.map((f) => f.choices[key]).find((choice) => choice === value && value);
    if (knob && isFinite(parsed(value))) curve.p[knob.name] = within(parsed(value), { ...knob, called: `${knob.symbol} of ${title}` }, wrong);
    else if (chosen) curve.choices[key] = chosen;
    else wrong.push(`${title} takes no “${setting}”`);
  }
  return state.curves.push(curve);
}

// The address of a state; what is at its default is left out.
function write(state) {
  const word = (value) => (typeof value === "number" ? spelled(value) : value);
  const parts = state.curves.map((curve) => "curve=" + [curve.name, ...changedIn(curve).map(([key, value]) => `${key}:${word(value)}`)].join(","));
  for (const [key, { usual }] of Object.entries(NUMBERS)) if (state[key] !== usual) parts.push(`${key}=${spelled(state[key])}`);
  if (state.own) parts.push("own=1");
  for (const [key, words] of Object.entries(WORDS)) if (state[key] !== words[0]) parts.push(`${key}=${state[key]}`);
  if (state.a !== 0 || state.b !== 1) parts.push(`diff=${LETTERS[state.a]}-${state.b === "torch" ? "torch" : LETTERS[state.b]}`);
  return "#" + parts.join("&");
}

// -- taken back --------------------------------------------------------------------------------

// Addresses in the order in which they were seen. A gesture, such as the drag of a slider, leaves only its end.
class History {
  constructor() {
    this.all = [];
    this.place = -1;
  }

  keep(address) {
    if (this.all[this.place] === address) return;
    this.all.splice(++this.place, Infinity, address);
  }

  // The address so many steps on, or nothing where there is none.
  step(by) {
    if (!this.can(by)) return undefined;
    this.place += by;
    return this.all[this.place];
  }

  can(by) {
    return this.all[this.place + by] !== undefined;
  }
}
