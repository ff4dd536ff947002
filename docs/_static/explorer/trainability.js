// The view of depth: signal, gradient and the correlation of two inputs through a chain of layers, theory as lines and
// one real net as dots, and the map of order and chaos over scale and depth.
"use strict";

const Trainability = (() => {
const scaleOf = (state, curve) => (state.own ? remembered("gain" + JSON.stringify(curve), () => ownGain(curve)) : state.s);
const chained = (state, curve) => {
  const scale = scaleOf(state, curve);
  return remembered(JSON.stringify(["chain", curve, state.n, scale, state.r]), () => chain(curve, state.n, scale, state.r));
};
const real = (state, curve) => {
  const scale = scaleOf(state, curve);
  return remembered(JSON.stringify(["net", curve, state.n, scale, state.r, state.net]), () => realNet(curve, state.n, scale, state.r, state.net));
};
const tablesOf = (curve) => remembered("moments" + JSON.stringify(curve), () => moments(curve));
const criticalOf = (curve) => remembered("critical" + JSON.stringify(curve), () => critical(tablesOf(curve)));

// Powers of ten that hold all of it, at least from a tenth to ten.
function aroundLogs(lines) {
  const logs = lines.flat().filter((y) => y > 0 && isFinite(y)).map(Math.log10);
  const [low, high] = [Math.min(-1, ...logs), Math.max(1, ...logs)];
  return [10 ** Math.max(-307, Math.floor(low)), 10 ** Math.min(307, Math.ceil(high))];
}

const LAYERS = [
  { id: "signal", key: "signal", title: "signal", yScale: "log", what: "root mean square of each layer’s outputs" },
  { id: "back", key: "gradient", title: "gradient, back from the last layer", yScale: "log", what: "gradient factor from the last layer back to each" },
  { id: "alike", key: "correlation", title: "correlation of two inputs", what: "correlation of the outputs for two inputs" },
];

// `nets` are the real nets, where they are ready.
function drawLayers(plots, state, nets) {
  for (const { id, key, title, yScale, what } of LAYERS) {
    const lines = state.curves.map((curve, i) => ({ ys: chained(state, curve)[key], kind: `${KINDS[i]} value`, name: state.curves.length > 1 ? LETTERS[i] : "" }));
    const found = nets.map((net, i) => ({ points: [...net[key].entries()], kind: KINDS[i] }));
    const all = [...lines.map((line) => line.ys), ...nets.map((net) => net[key])];
    const lowest = Math.min(0, ...all.flat().filter(isFinite));
    plots[id].draw({
      x: [0, state.n], y: yScale ? aroundLogs(all) : [lowest < -0.02 ? Math.floor(lowest * 5) / 5 : -0.02, 1.02], yScale, xTitle: "layer (0: the inputs)", yTitle: title,
      lines: lines.map((line) => ({ ...line, points: [...line.ys.entries()].map(([x, y]) => [x, yScale && !(y > 0) ? NaN : y]) })),
      dots: found,
      words: `Line chart of the ${what}, through ${state.n} layers of ${state.curves.map(label).join(" and of ")}. The table below has the numbers at its end.`,
    });
  }
}

// -- order and chaos ---------------------------------------------------------------------------

const { low: LEAST, high: GREATEST } = NUMBERS.s;
const COLUMNS = 64, DEEPEST = NUMBERS.n.high;
const edgeOf = (i) => LEAST * (GREATEST / LEAST) ** (i / COLUMNS);
const LEVELS = [[-3, "order-2"], [-1, "order-1"], [1, "edge"], [3, "chaos-1"], [Infinity, "chaos-2"]];
const levelOf = (log10) => LEVELS.find(([end]) => log10 <= end)?.[1] ?? "order-2";

// For each scale, pieces of depth through which the gradient keeps one of five sizes.
function bands(tables) {
  return Array.from({ length: COLUMNS }, (_, i) => {
    const x = [edgeOf(i), edgeOf(i + 1)], pieces = [];
    let sum = 0;
    factorsAt(tables, Math.sqrt(x[0] * x[1]), DEEPEST).forEach((one, l) => {
      sum += one / Math.LN10;
      const kind = levelOf(sum), last = pieces[pieces.length - 1];
      if (last && last.kind === kind) last.y[1] = l + 1;
      else pieces.push({ x, y: [l, l + 1], kind });
    });
    return pieces;
  }).flat();
}

function drawPhase(plot, state) {
  const curve = state.curves[0], key = JSON.stringify(curve);
  const tables = tablesOf(curve), edge = criticalOf(curve);
  const name = ACTIVATIONS[curve.name].title;
  plot.draw({
    x: [LEAST, GREATEST], y: [0, DEEPEST], xScale: "log", xTitle: `scale of the weights of ${name}`, yTitle: state.curves.length > 1 ? "depth at which A still learns" : "depth",
    bands: remembered("bands" + key, () => bands(tables)),
    rules: edge && edge > LEAST && edge < GREATEST ? [{ x: edge, kind: "critical", title: `critical ${figure(edge, 4)}` }] : [],
    marks: [{ x: clamp(scaleOf(state, curve), LEAST, GREATEST), y: state.n, shape: "read", kind: "c0 value" }],
    words: `Map of order and chaos of ${label(curve)} over scale and depth. ${edge ? `Its critical scale is ${figure(edge, 4)}.` : "It has no critical scale."} ${phaseOf(state, curve)}`,
  });
}

// In words: what a long chain at this scale does.
function phaseOf(state, curve) {
  const chi = Math.exp(disorder(tablesOf(curve), scaleOf(state, curve)));
  if (Math.abs(chi - 1) < 0.005) return "edge of chaos";
  return chi < 1 ? "order" : "chaos";
}

// What a layer does on average, as a factor.
const perLayer = (whole, layers) => whole ** (1 / layers);

const ROWS = [
  ["scale of the weights", (state, curve) => figure(scaleOf(state, curve), 4)],
  ["signal after the last layer", (state, curve) => figure(chained(state, curve).signal[state.n], 4)],
  ["gradient factor back at the inputs", (state, curve) => figure(chained(state, curve).gradient[0], 4)],
  ["signal, factor per layer", (state, curve) => figure(perLayer(chained(state, curve).signal[state.n], state.n), 4)],
  ["gradient, factor per layer", (state, curve) => figure(perLayer(chained(state, curve).gradient[0], state.n), 4)],
  ["correlation after the last layer", (state, curve) => figure(chained(state, curve).correlation[state.n], 6)],
  ["in the long run", phaseOf],
  ["critical scale", (state, curve) => (criticalOf(curve) ? figure(criticalOf(curve), 4) : "none")],
];

return { ROWS, chained, drawLayers, drawPhase, real, scaleOf };
})();
