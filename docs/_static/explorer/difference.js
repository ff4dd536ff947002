// The difference of two curves, plain or in units in the last place of float32, and what PyTorch's formulas come to
// in float32. That is an emulation: each step is rounded to float32 as PyTorch's CPU kernels do it one after the other, with
// exp, tanh, erf and log1p themselves right to the last digit, which PyTorch's are not always.
"use strict";

const Difference = (() => {
const f32 = Math.fround;
const of = (f) => (...xs) => f32(f(...xs));
const [exp32, tanh32, log1p32, expm132] = [Math.exp, Math.tanh, Math.log1p, Math.expm1].map(of);
const erf32 = of((u) => (u < 0 ? erfc(-u) - 1 : 1 - erfc(u)));
const [plus, minus, times, over] = [(a, b) => a + b, (a, b) => a - b, (a, b) => a * b, (a, b) => a / b].map(of);
const clip6 = (x) => Math.min(Math.max(x, 0), 6);

const softplus32 = (x, beta, threshold) => (times(x, beta) > threshold ? x : over(log1p32(exp32(times(x, beta))), beta));
const cubic = (x) => times(f32(Math.sqrt(2 / Math.PI)), plus(x, times(f32(0.044715), times(times(x, x), x))));
const SELU = { scale: f32(1.0507009873554805), alpha: f32(1.6732632423543772) };
const elu32 = (x, scale, alpha) => (x > 0 ? times(x, scale) : times(expm132(x), times(alpha, scale)));

// By the catalog's names; x is a float32 already. What is a piece of a line has one rounding, and no entry.
const TORCH = {
  sigmoid: (x) => over(1, plus(1, exp32(-x))),
  tanh: (x) => tanh32(x),
  softsign: (x) => over(x, plus(1, Math.abs(x))),
  log_sigmoid: (x) => minus(Math.min(0, x), log1p32(exp32(-Math.abs(x)))),
  softplus: (x, p) => softplus32(x, f32(p.beta), 20),
  elu: (x, p) => elu32(x, 1, f32(p.alpha)),
  celu: (x, p) => (x > 0 ? x : times(f32(p.alpha), expm132(over(x, f32(p.alpha))))),
  selu: (x) => elu32(x, SELU.scale, SELU.alpha),
  silu: (x) => over(x, plus(1, exp32(-x))),
  mish: (x) => times(x, tanh32(softplus32(x, 1, Infinity))),
  gelu: (x, p, { approximate }) => (approximate === "tanh"
    ? times(times(0.5, x), plus(1, tanh32(cubic(x))))
    : times(times(x, 0.5), plus(1, erf32(times(x, f32(Math.SQRT1_2)))))),
  hard_swish: (x) => over(times(x, clip6(plus(x, 3))), 6),
  hard_sigmoid: (x) => over(clip6(plus(x, 3)), 6),
};

// PyTorch's form of a curve, or nothing where it has none that is computed in steps.
function torch(curve) {
  const formula = TORCH[curve.name];
  if (!formula || curve.choices.approximate === "sigmoid") return null;
  return (x) => formula(f32(x), curve.p, curve.choices);
}

// The distance of neighbouring numbers of float32 at a value.
function ulp(value) {
  const size = Math.abs(f32(value));
  let power = Math.max(Math.floor(Math.log2(size)), -126); // a logarithm just below a whole number may come out as that
  if (size < 2 ** power && power > -126) power--;
  return 2 ** (power - 23);
}

// A − B at x, of float32's nearest x where one of them is PyTorch's.
function at(x, a, b, unit) {
  const place = b === "torch" ? f32(x) : x;
  const ours = form(a).value(place), theirs = b === "torch" ? torch(a)(place) : form(b).value(place);
  return (ours - theirs) / (unit === "ulp" ? ulp(ours) : 1);
}

return { at, torch, ulp };
})();
