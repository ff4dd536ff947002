// What is known of one curve: the functions that formulas are made of, and what a curve is like
// between minus and plus infinity.
"use strict";

// Bounded so that neither its square nor a product with x leaves the numbers.
const exp = (u) => Math.exp(Math.min(u, 345));
const sigmoid = (u) => 1 / (1 + exp(-u));
const softplus = (u) => Math.max(u, 0) + Math.log1p(Math.exp(-Math.abs(u)));

// u - tanh(u), near 0 by the series of cosh(u) - sinh(u) / u.
function lessTanh(u) {
  if (Math.abs(u) > 1) return u - Math.tanh(u);
  let term = u, sum = 0;
  for (let k = 1; k < 12; k++) sum += 2 * k * (term *= (u * u) / (2 * k * (2 * k + 1)));
  return sum / Math.cosh(u);
}

// The complement of the error function: a series of positive terms near 0, a continued fraction further out.
function erfc(u) {
  const a = Math.abs(u);
  let tail;
  if (a < 2.5) {
    let term = a, sum = a;
    for (let k = 1; term > sum * 1e-17; k++) sum += term *= (2 * a * a) / (2 * k + 1);
    tail = 1 - (2 / Math.sqrt(Math.PI)) * Math.exp(-a * a) * sum;
  } else {
    let fraction = a;
    for (let k = 80; k > 0; k--) fraction = a + k / 2 / fraction;
    tail = Math.exp(-a * a) / Math.sqrt(Math.PI) / fraction;
  }
  return u < 0 ? 2 - tail : tail;
}

// -- one curve ---------------------------------------------------------------------------------

// A curve is { name, p, choices }; these are its value and its gradient as functions of x.
function form(curve) {
  const forms = ACTIVATIONS[curve.name].forms;
  const chosen = forms.find((f) => Object.entries(f.choices).every(([key, value]) => curve.choices[key] === value));
  return { value: (x) => chosen.value(x, curve.p), gradient: (x) => chosen.gradient(x, curve.p) };
}

function bisect(f, low, high) {
  const start = f(low);
  for (let i = 0; i < 80; i++) {
    const middle = (low + high) / 2;
    if (Math.sign(f(middle)) === Math.sign(start)) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

// What a function comes to far out: infinite where it is farther out itself than any knob may put it.
function limit(f, sign) {
  const far = f(sign * 1e9);
  return Math.abs(far) > 1e3 ? Math.sign(far) * Infinity : far;
}

// Every kink, at every setting of the knobs, is nearer to 0 than REACH; a smooth minimum may be further out.
const REACH = 12;
const NEAR = Array.from({ length: 4800 }, (_, i) => -REACH + (i + 0.3) / 200);
const OUT = Array.from({ length: 800 }, (_, i) => REACH * 1.01 ** (i + 1));
const GRID = [...OUT.map((x) => -x).reverse(), ...NEAR, ...OUT];

const nearZero = (x) => (Math.abs(x) < 1e-12 ? 0 : x); // what bisection leaves of 0

// Where a gradient that is exactly 0 at `inside` begins to be 0.
function edge(g, outside, inside) {
  for (let i = 0; i < 80; i++) {
    const middle = (outside + inside) / 2;
    if (g(middle) === 0) inside = middle;
    else outside = middle;
  }
  return nearZero(inside);
}

// Where nothing but rounding is left of a gradient, its sign says nothing, and a 0 is the end of a smooth tail.
const NOTHING = 1e-100;

// The intervals on which the gradient is exactly 0, but for tails where it has faded to that.
function flatPieces(g) {
  const pieces = [];
  NEAR.forEach((x, i) => {
    if (g(x) !== 0) return;
    const [before, after] = [NEAR[i - 1], NEAR[i + 1]];
    if (before === undefined || g(before) !== 0) pieces.push([before === undefined ? -Infinity : edge(g, before, x), Infinity]);
    if (after !== undefined && g(after) !== 0) pieces[pieces.length - 1][1] = edge(g, after, x);
  });
  const starts = (end, beside) => !isFinite(end) || Math.abs(g(beside)) > NOTHING;
  return pieces.filter(([low, high]) => starts(low, low - 0.005) && starts(high, high + 0.005));
}

// The highest place of a function that climbs and then falls, or jumps.
function summit(f, low, high) {
  for (let i = 0; i < 100; i++) {
    const [a, b] = [low + (high - low) / 3, high - (high - low) / 3];
    if (f(a) < f(b)) low = a;
    else high = b;
  }
  return f(low) > f(high) ? low : high;
}

// Where a function that keeps its sign comes down to 0.
function touches(g) {
  const slopes = NEAR.map(g), size = slopes.map(Math.abs);
  const low = (i) => size[i] < size[i - 1] && size[i] < size[i + 1] && slopes[i - 1] * slopes[i + 1] > 0;
  const found = NEAR.flatMap((x, i) => (low(i) ? [nearZero(summit((z) => -Math.abs(g(z)), NEAR[i - 1], NEAR[i + 1]))] : []));
  return found.filter((x) => Math.abs(g(x)) < 1e-9);
}

// Range, lowest point, zeros of the gradient and steepest place of a curve.
function facts(curve) {
  const { value: f, gradient: g } = form(curve);
  const slopes = GRID.map(g);
  const turns = [];
  const counts = (i) => Math.abs(slopes[i]) > NOTHING;
  for (let i = 1; i < GRID.length; i++) if (slopes[i - 1] * slopes[i] < 0 && counts(i)) turns.push(nearZero(bisect(g, GRID[i - 1], GRID[i])));
  const flat = flatPieces(g);
  const ends = [limit(f, -1), limit(f, 1)];
  // Values that are taken: where the curve turns, and on both sides of each flat piece.
  const taken = [...turns, ...flat.flatMap(([a, b]) => [Math.max(a, -REACH), Math.min(b, REACH)])].map((x) => ({ x, y: f(x) }));
  const heights = [...ends, ...taken.map((point) => point.y)];
  const range = [Math.min(...heights), Math.max(...heights)];
  const lowest = taken.filter((point) => point.y - range[0] < 1e-12);
  // Whether it climbs by more than its slopes at two neighbours account for.
  const leaps = (a, b) => Math.abs(f(b) - f(a)) > 0.1 + (b - a) * Math.max(Math.abs(g(a)), Math.abs(g(b)));
  const steep = (x) => Math.abs(g(x)) || 0; // 0 / 0 is what some formulas leave of a tail
  const steepest = (grid) => {
    const most = grid.reduce((best, x, i) => (steep(x) > steep(grid[best]) ? i : best), 0);
    return steep(summit(steep, grid[Math.max(most - 1, 0)], grid[Math.min(most + 1, grid.length - 1)]));
  };
  const far = [-1e9, 1e9].map(steep);
  const kinks = bends(curve);
  const found = {
    range,
    closed: range.map((end) => taken.some((point) => point.y === end)),
    minimum: lowest.length === 1 && turns.includes(lowest[0].x) ? lowest[0] : null,
    zeros: [...turns.filter((x) => Math.abs(g(x)) < 1e-6), ...touches(g)], // elsewhere the gradient jumps over 0
    flat,
    jumps: NEAR.some((x, i) => i > 0 && leaps(NEAR[i - 1], x)),
    steepest: Math.max(...far) > 1e6 ? Infinity : Math.max(...far, steepest(NEAR), steepest(GRID)),
    kinks,
    turning: turns,
  };
  return { ...found, places: places(curve, found) };
}

// -- places worth a mark -----------------------------------------------------------------------

// The place where a function leaps between two numbers, or nothing where it is only steep.
function leap(f, low, high) {
  const size = Math.abs(f(high) - f(low));
  for (let i = 0; i < 44; i++) {
    const middle = (low + high) / 2;
    if (Math.abs(f(middle) - f(low)) > Math.abs(f(high) - f(middle))) high = middle;
    else low = middle;
  }
  const left = Math.abs(f(high) - f(low));
  return left > 1e-6 && left > size / 4 ? nearZero(Number(((low + high) / 2).toPrecision(12))) : null;
}

// Kinks and jumps: where the gradient leaps, or the value itself.
function bends(curve) {
  const { value, gradient } = form(curve);
  const found = [gradient, value].flatMap((f) => {
    const heights = NEAR.map(f);
    return NEAR.flatMap((x, i) => {
      if (!i || !(Math.abs(heights[i] - heights[i - 1]) > 1e-5)) return [];
      // A leap stands out from its neighbours.
      const beside = Math.max(Math.abs(heights[i - 1] - heights[i - 2]) || 0, Math.abs(heights[i + 1] - heights[i]) || 0);
      if (Math.abs(heights[i] - heights[i - 1]) < 3 * beside) return [];
      const place = leap(f, NEAR[i - 1], x);
      return place === null ? [] : [place];
    });
  });
  return [...new Set(found)].sort((one, other) => one - other);
}

// All that is marked of a curve, each { x, y, shape, title }, on the value's line.
function places(curve, { zeros, turning, minimum, kinks }) {
  const { value: f } = form(curve);
  const heights = NEAR.map(f), at = (x) => ({ x, y: f(x) });
  const roots = NEAR.flatMap((x, i) => (i && heights[i - 1] * heights[i] < 0 ? [nearZero(bisect(f, NEAR[i - 1], x))] : []));
  const others = zeros.filter((x) => !minimum || x !== minimum.x);
  return [
    ...(minimum ? [{ ...minimum, shape: "minimum", title: "minimum" }] : []),
    ...kinks.map((x) => ({ ...at(x), shape: "kink", title: "kink" })),
    ...roots.filter((x) => Math.abs(f(x)) < 1e-6 && !kinks.includes(x)).map((x) => ({ x, y: 0, shape: "zero", title: "zero" })),
    ...others.filter((x) => !kinks.includes(x)).map((x) => ({ ...at(x), shape: "flat", title: turning.includes(x) ? "gradient 0" : "gradient 0, without a turn" })),
  ];
}

// What is asked again and again is computed once.
const cache = new Map();
function remembered(key, compute) {
  if (cache.size > 500) cache.clear();
  if (!cache.has(key)) cache.set(key, compute());
  return cache.get(key);
}
const known = (curve) => remembered(JSON.stringify(curve), () => facts(curve));
