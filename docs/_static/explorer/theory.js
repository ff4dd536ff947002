// A chain of wide random layers, by mean-field theory: what becomes of a signal, of a gradient, and of how alike two
// inputs are. The maps are those of Poole et al. 2016 (arXiv:1606.05340) and Schoenholz et al. 2017 (arXiv:1611.01232),
// without biases: weights are independent with standard deviation scale / sqrt(fan-in), inputs have mean square 1.
// Then the sums of each layer are normal, of variance q, and of two inputs they have a correlation.
"use strict";

// -- means over a normal number ----------------------------------------------------------------

// Means over a standard normal z, by Simpson's rule, in ever smaller pieces where the function bends or jumps, until
// there are more pieces than waves can be told by. Infinite where the function leaves the range of numbers; no pieces
// for what is next to nothing.
const PIECES = 2 ** 13, HALVINGS = 20;
function mean(h) {
  const f = (z) => (Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)) * h(z);
  const ends = Array.from({ length: 65 }, (_, k) => (k - 32) / 2.6).map((z) => [z, f(z)]);
  const enough = Math.max(1e-9 * ends.reduce((sum, [, y]) => sum + y, 0), 1e-300);
  if (!isFinite(enough)) return Infinity;
  let pieces = Array.from({ length: 32 }, (_, k) => ends.slice(2 * k, 2 * k + 3)), sum = 0;
  for (let depth = 0; pieces.length; depth++) {
    const last = depth === HALVINGS || pieces.length > PIECES, finer = [];
    for (const [[a, fa], [m, fm], [b, fb]] of pieces) {
      const [l, r] = [(a + m) / 2, (m + b) / 2].map((z) => [z, f(z)]);
      const once = ((b - a) / 6) * (fa + 4 * fm + fb), twice = ((b - a) / 12) * (fa + 4 * l[1] + 2 * fm + 4 * r[1] + fb);
      if (last || Math.abs(twice - once) <= enough) sum += twice;
      else finer.push([[a, fa], l, [m, fm]], [[m, fm], r, [b, fb]]);
    }
    pieces = finer;
  }
  return sum < 1e290 ? sum : Infinity; // where exp has met its bound
}

function ownGain(curve) {
  const { value } = form(curve);
  return 1 / Math.sqrt(mean((z) => value(z) ** 2));
}

// Gauss–Legendre's places and weights on [-1, 1], by Newton's method.
function legendre(count) {
  return Array.from({ length: count }, (_, i) => {
    let z = Math.cos((Math.PI * (i + 0.75)) / (count + 0.5)), slope;
    for (let turn = 0; turn < 30; turn++) {
      let [before, now] = [1, z];
      for (let k = 2; k <= count; k++) [before, now] = [now, ((2 * k - 1) * z * now - (k - 1) * before) / k];
      slope = (count * (z * now - before)) / (z * z - 1);
      z -= now / slope;
    }
    return [z, 2 / ((1 - z * z) * slope * slope)];
  });
}
const GAUSS = legendre(16);
const TURNS = [-100, -30, -10, -3, -1, -0.3, 0, 0.3, 1, 3, 10, 30, 100];

// Places z with the weight that a standard normal number gives them, in pieces that end where f(spread z) bends.
function normalPlaces(kinks, spread) {
  const inner = [...kinks, ...TURNS].map((x) => x / spread).filter((z) => Math.abs(z) < 9);
  const ends = [...new Set([...Array.from({ length: 19 }, (_, i) => i - 9), ...inner])].sort((a, b) => a - b);
  return ends.slice(1).flatMap((high, i) => {
    const half = (high - ends[i]) / 2, middle = (high + ends[i]) / 2;
    return GAUSS.map(([u, weight]) => {
      const z = middle + half * u;
      return [z, (half * weight * Math.exp((-z * z) / 2)) / Math.sqrt(2 * Math.PI)];
    });
  });
}

// -- two inputs --------------------------------------------------------------------------------

const TERMS = 64;

// Mehler's series: the outputs of two inputs with correlation c have the correlation sum of a_k² c^k over sum of a_k²,
// where a_k are the coefficients of f(spread z) by Hermite's polynomials. What is beyond the last term is known in
// all, and falls like a power of k where f bends (5/2) or jumps (3/2). For c from 0 to 1, where c stays.
function correlationMap(curve, spread, { kinks, jumps }) {
  const { value } = form(curve), coefficients = new Float64Array(TERMS);
  let whole = 0;
  for (const [z, weight] of normalPlaces(kinks, spread)) {
    const y = value(spread * z);
    whole += weight * y * y;
    let [before, now] = [0, 1];
    for (let k = 0; k < TERMS; k++) {
      coefficients[k] += weight * y * now;
      [before, now] = [now, (z * now - Math.sqrt(k) * before) / Math.sqrt(k + 1)];
    }
  }
  if (!(whole > 1e-290 && whole < 1e290)) return () => NaN;
  const shares = Array.from(coefficients, (a) => (a * a) / whole);
  const rest = Math.max(0, 1 - shares.reduce((sum, share) => sum + share, 0)), power = jumps ? -2 : -2 / 3;
  const beyond = Array.from({ length: 32 }, (_, i) => TERMS * ((i + 0.5) / 32) ** power);
  return (c) => {
    let sum = 0;
    for (let k = TERMS - 1; k >= 0; k--) sum = sum * c + shares[k];
    return Math.min(1, sum + (rest * beyond.reduce((total, k) => total + c ** k, 0)) / 32);
  };
}

// -- the chain ---------------------------------------------------------------------------------

// signal[l] is the root mean square of layer l's outputs, gradient[l] that of the gradient there, the gradient at the
// last layer being 1; alike[l] is the correlation of the outputs for two inputs, which begins at `alike`.
function chain(curve, layers, scale, alike) {
  const { value, gradient } = form(curve);
  const signal = [1], factors = [], correlation = [alike];
  const about = alike === undefined ? null : known(curve);
  for (let l = 1; l <= layers; l++) {
    const spread = scale * signal[l - 1];
    signal.push(Math.sqrt(mean((z) => value(spread * z) ** 2)));
    factors.push(scale * Math.sqrt(mean((z) => gradient(spread * z) ** 2)));
    if (about) correlation.push(correlationMap(curve, spread, about)(correlation[l - 1]));
  }
  const back = [1];
  for (let l = layers - 1; l >= 0; l--) back.unshift(back[0] * factors[l]);
  return { signal, factors, gradient: back, correlation };
}

// -- order and chaos ---------------------------------------------------------------------------

// Mean squares of value and gradient, over the sums' variance q: tables of logarithms, straight between their points.
const FINE = 16, REACHED = 9; // points to a factor of ten, from 1e-9 to 1e9
function moments(curve) {
  const { value, gradient } = form(curve), { kinks } = known(curve);
  const tables = [[], []];
  for (let i = -REACHED * FINE; i <= REACHED * FINE; i++) {
    const spread = 10 ** (i / FINE / 2), places = normalPlaces(kinks, spread);
    [value, gradient].forEach((f, which) => tables[which].push(Math.log(Math.max(1e-300, places.reduce((sum, [z, weight]) => sum + weight * f(spread * z) ** 2, 0)))));
  }
  return tables.map((table) => (logarithm) => {
    const place = clamp((logarithm / Math.LN10 + REACHED) * FINE, 0, table.length - 1.000001), i = Math.floor(place);
    return table[i] + (place - i) * (table[i + 1] - table[i]);
  });
}

const FARTHEST = REACHED * Math.LN10;

// Logarithms of the gradient's factor in each layer of a chain at a scale.
function factorsAt([square, slope], scale, layers) {
  const found = [], twice = 2 * Math.log(scale);
  for (let l = 0, q = twice; l < layers; l++) {
    found.push((twice + slope(q)) / 2);
    q = clamp(twice + square(q), -FARTHEST, FARTHEST);
  }
  return found;
}

// Where the variance of a long chain's sums comes to rest, as a logarithm: the first place on its way that it keeps.
function resting([square], scale) {
  const twice = 2 * Math.log(scale), drift = (q) => twice + square(q) - q;
  const step = Math.sign(drift(twice)) * (Math.LN10 / FINE);
  if (!step) return twice;
  let q = twice;
  while (Math.abs(q + step) < FARTHEST) {
    if (drift(q + step) * step <= 0) return bisect(drift, q, q + step);
    q += step;
  }
  return Math.sign(step) * FARTHEST;
}

// The logarithm of chi_1 in the long run: the slope of the correlation map at 1, and the gradient's factor squared.
const disorder = (tables, scale) => 2 * Math.log(scale) + tables[1](resting(tables, scale));

// The lowest scale at which a long chain goes over from order (chi_1 < 1) to chaos; nothing where none does.
function critical(tables, low = 0.05, high = 20) {
  const excess = (scale) => disorder(tables, scale);
  for (let scale = low; scale < high; scale *= 1.05) {
    if (excess(scale) < 0 && excess(scale * 1.05) >= 0) return bisect(excess, scale, scale * 1.05);
  }
  return null;
}

// -- one real net ------------------------------------------------------------------------------

// Normal numbers of a seed, the same on every machine.
function normals(seed) {
  let state = seed * 2654435769;
  const uniform = () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  return () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
}

const WIDTH = 200;
const drawn = new Map(); // the weights of the last nets, at scale 1
function weightsOf(seed, layers) {
  if (drawn.size > 2) drawn.clear();
  if (!drawn.has(seed)) drawn.set(seed, []);
  const net = drawn.get(seed);
  while (net.length < layers) {
    const normal = normals(seed * 1000 + net.length + 1);
    net.push(Float32Array.from({ length: WIDTH * WIDTH }, () => normal() / Math.sqrt(WIDTH)));
  }
  return net;
}

// The same as `chain`, of one net of WIDTH units whose weights are drawn.
function realNet(curve, layers, scale, alike, seed) {
  const { value, gradient } = form(curve), normal = normals(seed * 1000), net = weightsOf(seed, layers);
  const dot = (a, b) => a.reduce((sum, one, i) => sum + one * b[i], 0);
  const size = (a) => Math.sqrt(dot(a, a) / WIDTH);
  const noise = () => Float64Array.from({ length: WIDTH }, normal);
  const times = (a, factor) => a.map((one) => one * factor);
  const first = noise(), second = noise();
  // The two inputs have mean square 1 and the correlation asked for, exactly.
  let one = times(first, 1 / size(first));
  const across = second.map((v, i) => v - (dot(second, one) / WIDTH) * one[i]);
  let two = one.map((v, i) => alike * v + (Math.sqrt(1 - alike ** 2) * across[i]) / size(across));
  const signal = [1], correlation = [alike], slopes = [];
  const layer = (weights, x) => Float64Array.from({ length: WIDTH }, (_, i) => {
    let sum = 0;
    for (let j = 0; j < WIDTH; j++) sum += weights[i * WIDTH + j] * x[j];
    return scale * sum;
  });
  for (let l = 0; l < layers; l++) {
    const sums = layer(net[l], one);
    slopes.push(sums.map(gradient));
    one = sums.map((v) => value(v));
    two = layer(net[l], two).map((v) => value(v));
    signal.push(size(one));
    correlation.push(dot(one, two) / Math.sqrt(dot(one, one) * dot(two, two)));
  }
  let back = noise();
  const whole = size(back), sizes = [1];
  for (let l = layers - 1; l >= 0; l--) {
    const through = back.map((v, i) => v * slopes[l][i]), next = new Float64Array(WIDTH);
    for (let i = 0; i < WIDTH; i++) for (let j = 0; j < WIDTH; j++) next[j] += scale * net[l][i * WIDTH + j] * through[i];
    back = next;
    sizes.unshift(size(back) / whole);
  }
  return { signal, gradient: sizes, correlation };
}
