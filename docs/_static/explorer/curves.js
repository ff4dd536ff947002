// The view of curves: value solid and gradient dashed in one plot, with marks, and below it their difference.
"use strict";

const Curves = (() => {
const ALIGNED = 7; // letters beside each of two plots, so that an x of the one stands above that of the other
const domain = ({ c, w }) => [c - w, c + w];
const shows = (state, which) => state.show === "both" || state.show === which;

// One x for each two pixels, the kinks with both their sides, and the marks, so that corners are sharp.
function samples(curve, [low, high], pixels) {
  const count = Math.max(60, Math.round(pixels / 1.5));
  const even = Array.from({ length: count + 1 }, (_, i) => low + ((high - low) * i) / count);
  const nudge = (high - low) * 1e-7;
  const { kinks, places } = known(curve);
  const extra = [...kinks.flatMap((x) => [x - nudge, x, x + nudge]), ...places.map((p) => p.x)];
  return [...even, ...extra.filter((x) => x > low && x < high)].sort((a, b) => a - b);
}

// The points of a line, which is broken where the function leaps at a kink.
function points(curve, which, xs, width) {
  const f = form(curve)[which], { kinks } = known(curve);
  const found = samples(curve, xs, width).map((x) => [x, f(x)]);
  return found.map(([x, y], i) => {
    const [, before] = found[i - 1] || [], [, after] = found[i + 1] || [];
    return kinks.includes(x) && Math.abs(after - before) > 1e-4 ? [x, NaN] : [x, y];
  });
}

// The interval that holds all of it, and 0 unless one looks closely, in steps that do not make the axis jump.
function around(lines, w) {
  const ys = lines.flat().map(([, y]) => y).filter(isFinite);
  if (!ys.length) return [-1, 1];
  const zero = w >= 1 ? [0] : [];
  const [low, high] = [Math.min(...zero, ...ys), Math.max(...zero, ...ys)];
  if (high - low < 1e-300) return [low - 1, high + 1];
  const step = 10 ** Math.floor(Math.log10(high - low)) / (w >= 1 ? 4 : 20);
  return [Math.floor(low / step - 0.2) * step, Math.ceil(high / step + 0.2) * step];
}

function marks(state) {
  return state.curves.flatMap((curve, i) => {
    const all = known(curve).places.map((place) => ({ ...place, kind: KINDS[i], title: `${LETTERS[i]}: ${place.title} at x = ${figure(place.x)}` }));
    if (shows(state, "value")) return all;
    return all.filter(({ shape }) => shape === "flat" || shape === "minimum").map((mark) => ({ ...mark, shape: "flat", y: 0 }));
  });
}

function dots(state, x) {
  return state.curves.flatMap((curve, i) => ["value", "gradient"].filter((which) => shows(state, which))
    .map((which) => ({ x, y: form(curve)[which](x), shape: "read", kind: `${KINDS[i]} ${which}` })));
}

function draw(plot, state) {
  const xs = domain(state), width = plot.box.clientWidth;
  const lines = state.curves.flatMap((curve, i) => ["value", "gradient"].filter((which) => shows(state, which)).map((which, place) => ({
    points: points(curve, which, xs, width),
    kind: `${KINDS[i]} ${which}${i === 0 && state.curves.length > 1 ? " under" : ""}`,
    name: place === 0 && state.curves.length > 1 ? LETTERS[i] : "",
  })));
  const both = state.show === "both" ? "value and gradient" : state.show;
  plot.draw({
    letters: state.view === "difference" ? ALIGNED : 2, x: xs, y: around(lines.map((line) => line.points), state.w), xTitle: "input x", yTitle: state.show === "both" ? "value f(x), gradient f′(x)" : state.show === "value" ? "value f(x)" : "gradient f′(x)",
    lines, marks: [...marks(state), ...dots(state, state.x)],
    rules: [{ x: state.x, kind: "at" }],
    words: `Line chart of the ${both} of ${state.curves.map(label).join(" and of ")}, for x from ${figure(xs[0], 4)} to ${figure(xs[1], 4)}. The table below has the numbers.`,
  });
}

// What is subtracted from what: two curves, or a curve and PyTorch's form of it.
function sides(state) {
  const a = state.curves[state.a];
  return { a, b: state.b === "torch" ? (a && Difference.torch(a) ? "torch" : undefined) : state.curves[state.b] };
}

const named = (state) => `${LETTERS[state.a]} − ${state.b === "torch" ? "PyTorch’s form of it in float32" : LETTERS[state.b]}`;

function drawDifference(plot, state) {
  const { a, b } = sides(state), xs = domain(state), ulps = state.unit === "ulp";
  const title = ulps ? `${named(state)}, in ULP of float32` : named(state);
  if (!a || !b) return plot.draw({ x: xs, y: [-1, 1], xTitle: "input x", yTitle: "", words: "No difference to draw." });
  const found = samples(a, xs, plot.box.clientWidth).concat(b === "torch" ? [] : known(b).kinks).sort((one, other) => one - other)
    .map((x) => [x, Difference.at(x, a, b, state.unit)]);
  const sizes = found.map(([, y]) => Math.abs(y)).filter(isFinite);
  const most = sizes.reduce((one, other) => Math.max(one, other), 0);
  const y = ulps ? [-1, 1].map((sign) => sign * Math.max(1, most * 1.3)) : around([found, [[0, 0]]], 2);
  const rounded = b === "torch";
  plot.draw({
    letters: ALIGNED, x: xs, y: most ? y : [-1, 1], yScale: ulps ? "both" : "linear", xTitle: "input x", yTitle: title,
    lines: rounded ? [] : [{ points: found, kind: "difference" }], dots: rounded ? [{ points: found, kind: "difference", size: 1.4 }] : [],
    marks: [{ x: state.x, y: Difference.at(state.x, a, b, state.unit), shape: "read", kind: "difference" }], rules: [{ x: state.x, kind: "at" }],
    words: `Chart of the difference ${title}, for x from ${figure(xs[0], 4)} to ${figure(xs[1], 4)}; at most ${figure(most, 3)} in size.`,
  });
  return { most, where: found.find(([, v]) => Math.abs(v) === most)?.[0] };
}

// A place to land on near x, or x itself.
function snapped(state, x, reach) {
  const near = state.curves.flatMap((curve) => known(curve).places.map((place) => place.x));
  const best = near.reduce((one, other) => (Math.abs(other - x) < Math.abs(one - x) ? other : one), Infinity);
  return Math.abs(best - x) <= reach ? best : x;
}

// The gradient at x, of which rounding leaves something at its roots.
const slope = (curve, x) => (known(curve).zeros.includes(x) ? 0 : form(curve).gradient(x));

// How near to a mark x lands on it: as near as a hand can aim with a slider, or the nearest step of a key. A number in
// the box is meant as it is.
function reach({ w }, by) {
  return { drag: w / 60, key: 0.499 * stepOf({ low: -w, high: w }), box: 0 }[by];
}

return { domain, draw, drawDifference, dots, marks, named, reach, sides, slope, snapped };
})();
