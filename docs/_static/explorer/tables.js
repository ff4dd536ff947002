// The tables below the plots: what is known of each curve, in numbers and words.
"use strict";

const Tables = (() => {
function code(curve) {
  if (curve.name === "softmax") return `Softmax(temperature=${spelled(curve.p.temperature)})`;
  const word = (value) => (typeof value === "number" ? String(value) : `"${value}"`);
  return `get_activation("${curve.name}"${changedIn(curve).map(([key, value]) => `, ${key}=${word(value)}`).join("")})`;
}

function interval([low, high]) {
  if (low === -Infinity && high === Infinity) return "every x";
  if (low === -Infinity) return `x below ${figure(high, 4)}`;
  if (high === Infinity) return `x above ${figure(low, 4)}`;
  return `x from ${figure(low, 4)} to ${figure(high, 4)}`;
}

const FACTS = [
  ["value at x", (state, curve) => figure(form(curve).value(state.x))],
  ["gradient at x", (state, curve) => figure(Curves.slope(curve, state.x))],
  ["range", (_, curve) => {
    const { range, closed } = known(curve);
    return `${closed[0] ? "[" : "("}${figure(range[0], 4)}, ${figure(range[1], 4)}${closed[1] ? "]" : ")"}`;
  }],
  ["minimum", (_, curve) => {
    const { minimum, range, closed, flat } = known(curve);
    if (minimum) return `${figure(minimum.y, 4)} at x = ${figure(minimum.x, 4)}`;
    if (range[0] === -Infinity) return "none: it falls without end";
    if (!closed[0]) return `none: it only comes near ${figure(range[0], 4)}`;
    return `${figure(range[0], 4)}, ${flat.length ? "all along a flat piece" : "at many places"}`;
  }],
  ["kinks", (_, curve) => known(curve).kinks.map((x) => `x = ${figure(x, 4)}`).join("; ") || "none"],
  ["gradient is 0 at", (_, curve) => {
    const { zeros, flat } = known(curve);
    if (zeros.length > 4) return "many places"; // of a wave
    return [...zeros.map((x) => `x = ${figure(x, 4)}`), ...flat.map(interval)].join("; ") || "no x";
  }],
  ["steepest gradient", (_, curve) => (known(curve).jumps ? "∞, a jump" : figure(known(curve).steepest, 4))],
  ["in Gluon", (_, curve) => code(curve), "code"],
];

// A table with a column for each curve; a row is its title, its words, and the tag around them if there is one.
function fill(table, caption, rows, state) {
  const head = element("tr", undefined, {}, element("td"));
  state.curves.forEach((curve, i) => head.append(element("th", `${LETTERS[i]}: ${label(curve)}`, { scope: "col", class: KINDS[i] })));
  const body = rows.map(([title, words, tag]) => element("tr", undefined, {}, element("th", title, { scope: "row" }),
    ...state.curves.map((curve) => (tag ? element("td", undefined, {}, element(tag, words(state, curve))) : element("td", words(state, curve))))));
  table.replaceChildren(element("caption", caption), element("thead", undefined, {}, head), element("tbody", undefined, {}, ...body));
}

return { FACTS, fill };
})();
