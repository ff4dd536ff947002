// The formulas: value and slope of each activation at x, once for every precision and processor.
//
// FORMULA(name) defines one under the name that it has in the catalog; if a Choice of its function is not the default,
// that follows the name. Inside, x is the number (or several side by side: see vectors.h), a and b are the numbers
// among its parameters, in their order, and P is the precision to compute in (precision.h), in whose numbers (auto) one
// goes on until they are rounded. What x is compared with is P::held, as in the composed formula: a kink at 0.1 is met
// by 0.1 in float32. It returns {value, slope} or, if it is LEARNED, {value, slope, slope by a}.

// What saturates has done so far before: even times the square of the largest number, its exponential is 0.
const double FAR = 2200;

template <class V> INLINE V between(V x, V low, V high) { return at_most(high, at_least(low, x)); }
template <class V> INLINE V far(V x) { return between(x, V(-FAR), V(FAR)); }
template <class V> INLINE Two<V> far(Two<V> z) { return {far(z.hi), pick(magnitude(z.hi) > V(FAR), V(0), z.lo)}; }
template <class P, class V> INLINE V finite(V x) { return between(x, V(-P::LARGEST), V(P::LARGEST)); }

// s = sigmoid(z) and t = sigmoid(-z) = 1 - s, each with its digits.
template <class N> struct Logistic { N s, t; };
template <class N> Logistic(N, N) -> Logistic<N>;

template <class P, class V> INLINE auto logistic(Two<V> z) {
  auto e = P::exp(minus_abs(z)), large = P::ratio(V(1), e + 1.0), small = P::ratio(e, e + 1.0);
  return Logistic{pick(z.hi < V(0), small, large), pick(z.hi < V(0), large, small)};
}

// x times a gate that is 0 at -FAR.
template <class V> INLINE V gated(V x, V gate) { return at_least(V(-FAR), x) * gate; }

FORMULA(sigmoid) {
  auto l = logistic<P>(Two<V>(x));
  return {rounded(l.s), rounded(l.s * l.t)};
}

FORMULA(softplus) {  // a: its sharpness
  Two<V> z = far(P::product(a, x));
  return {at_least(V(0), x) + P::over(P::log1p(P::exp(minus_abs(z))), a), rounded(logistic<P>(z).s)};
}

FORMULA(log_sigmoid) {
  Two<V> z = far(x);
  return {at_most(V(0), x) - P::log1p(P::exp(minus_abs(z))), rounded(logistic<P>(z).t)};
}

FORMULA(hard_sigmoid) {  // a: its slope
  V half = divided(V(0.5), a);
  return {between(a * (x + half), V(0), V(1)), pick(magnitude(x) > P::held(half), V(0), a)};
}

FORMULA(sparse_sigmoid) { return hard_sigmoid::at<P>(x, V(0.5), b); }

FORMULA(laplace) {  // a: its centre, b: its width
  Two<V> z = far(P::standard(x, a, b));
  V size = magnitude(z.hi), rest = pick(z.hi < V(0), -z.lo, z.lo);  // abs(z) is their sum
  Two<V> power = P::minus_half_square(size);
  auto k = P::whole(NORMAL_SCALE()), moved = P::whole(Two<V>(V(1))) - P::whole(Two<V>(size)) * rest;
  auto e = P::exp(power), density = e * k, tail = P::normal_tail(size, e) - density * rest;
  V left = P::tail(moved * k * P::mills(size), power, tail);
  return {pick(z.hi < V(0), left, rounded(V(1) - tail)), divided(P::tail(moved * k, power, density * moved), b)};
}

FORMULA(tanh) {
  auto p = P::power(Two<V>(magnitude(x) * -2.0));
  auto d = p.expm1 + 2.0;
  return {with_sign(rounded(P::ratio(p.expm1, d)), x), rounded(P::ratio(p.exp * 4.0, d * d))};
}

FORMULA(hard_tanh) {  // a, b: its ends
  V low = P::held(a), high = P::held(b);
  return {between(x, low, high), pick(x < low, V(0), pick(x > high, V(0), V(1)))};
}

FORMULA(softsign) {
  V d = divided(V(1), magnitude(x) + 1.0);
  return {pick(magnitude(x) > V(P::LARGEST), with_sign(V(1), x), x * d), d * d};
}

FORMULA(identity) { return {x, V(1)}; }

FORMULA(binary_step) { return {pick(x < V(0), V(0), pick(x >= V(0), V(1), x)), V(0)}; }

FORMULA(relu) { return {at_least(V(0), x), pick(x > V(0), V(1), V(0))}; }

FORMULA(relu6) { return {between(x, V(0), V(6)), pick(x < V(0), V(0), pick(x > V(6), V(0), V(1)))}; }

FORMULA(squared_relu) {
  V y = at_least(V(0), x);
  return {y * y, y * 2.0};
}

LEARNED(leaky_relu) {
  V left = pick(a == V(0), between(x, V(0), V(0)), a * x);  // -inf * 0 would be nan
  return {pick(x > V(0), x, left), pick(x > V(0), V(1), a), pick(x > V(0), V(0), x)};
}

LEARNED(prelu) { return leaky_relu::at<P>(x, a, b); }

FORMULA(threshold) {  // a: what x has to exceed, b: what it is elsewhere
  auto above = x > P::held(a);
  return {pick(above, x, pick(x == x, b, x)), pick(above, V(1), V(0))};
}

FORMULA(squareplus) {  // a: the width of its bend
  V size = magnitude(finite<P>(x));
  auto r = P::hypot(size, a), half = r * 0.5 + P::whole(Two<V>(size * 0.5));
  auto small = P::divide(P::whole(Two<V>(a * 0.25)), half);  // the value on the left, and what the right has more
  auto slope = P::divide(small, r);
  return {at_least(V(0), x) + rounded(small), pick(x > V(0), rounded(V(1) - slope), rounded(slope))};
}

FORMULA(sparse_plus) {
  auto s = P::whole(Two<V>(between(x, V(-1), V(1)))) + 1.0;
  return {pick(x > V(1), x, rounded(s * s * 0.25)), rounded(s * 0.5)};
}

FORMULA(hard_shrink) {  // a: half the width of its zone
  auto outside = magnitude(x) > P::held(a);
  return {pick(outside, x, x * 0.0), pick(outside, V(1), V(0))};
}

FORMULA(soft_shrink) {  // a: half the width of its zone
  return {x - between(x, -a, a), pick(magnitude(x) > P::held(a), V(1), V(0))};
}

// cosh(x) - sinh(x) / x over x^2, by powers of it: 2 k / (2 k + 1)!
COEFFICIENTS(SHRINK, 1. / 3, 1. / 30, 1. / 840, 1. / 45360, 1. / 3991680, 1. / 518918400, 1. / 93405312000,
             1. / 22230464256000, 1. / 6758061133824000)

FORMULA(tanh_shrink) {
  V size = magnitude(x), near = at_most(V(1), size), q = near * near;
  auto e = P::exp(Two<V>(near));
  auto inner = P::divide(P::whole(Two<V>(near * q * SHRINK()(q) * 2.0)), e + P::divide(P::whole(Two<V>(V(1))), e));
  auto p = P::power(Two<V>(size * -2.0));
  auto minus_tanh = P::ratio(p.expm1, p.expm1 + 2.0);
  V outer = pick(size > V(1e17), size, rounded(minus_tanh + P::whole(Two<V>(at_most(V(1e17), size)))));
  return {with_sign(pick(size < V(1), rounded(inner), outer), x), rounded(minus_tanh * minus_tanh)};
}

FORMULA(elu) {
  Two<V> z = at_most(V(0), x);
  auto p = P::power(z);
  return {pick(x > V(0), x, rounded(a * p.expm1)), pick(x > V(0), V(1), P::tail(a, z, a * p.exp))};
}

FORMULA(celu) {
  auto p = P::power(far(P::quotient(at_most(V(0), x), a)));
  return {pick(x > V(0), x, rounded(a * p.expm1)), pick(x > V(0), V(1), rounded(p.exp))};
}

FORMULA(selu) {
  Two<V> z = at_most(V(0), x);
  auto p = P::power(z);
  V right = x * SELU_LAMBDA().hi + x * SELU_LAMBDA().lo, left = rounded(p.expm1 * SELU_LAMBDA_ALPHA().hi);
  V slope = P::tail(V(SELU_LAMBDA_ALPHA().hi), z, p.exp * SELU_LAMBDA_ALPHA().hi);
  return {pick(x > V(0), right, left), pick(x > V(0), V(SELU_LAMBDA().hi), slope)};
}

FORMULA(exponential) {
  V y = rounded(P::exp(Two<V>(at_most(V(P::MOST), x))));
  y = pick(x > V(P::MOST), V(INFINITY), y);
  return {y, y};
}

FORMULA(sqrt_softplus) {
  V c = far(x);
  auto e = P::exp(Two<V>(-magnitude(c))), half = P::exp(Two<V>(at_most(V(0), c) * 0.5));
  V steep = root(P::log1p_over(e)), below = rounded(half), above = root(at_least(V(0), x) + P::log1p(e));
  V bend = rounded(e + 1.0) * 2.0;
  auto left = x < V(0);
  return {pick(left, below * steep, above), divided(pick(left, below, V(1)), bend * pick(left, steep, above))};
}

// x sigmoid(z), for a z that is a multiple of x.
template <class P, class V> INLINE Result<V> gated_by_sigmoid(V x, Two<V> z) {
  auto l = logistic<P>(z);
  V slope = P::near(z, SILU_ROOT(), SILU_SHORT(), SILU_LONG(), l.s * (P::whole(z) * l.t + 1.0));
  return {P::tail(far(x), z, gated(x, rounded(l.s))), P::tail(z.hi + 1.0, z, slope)};
}

FORMULA(silu) { return gated_by_sigmoid<P>(x, far(Two<V>(x))); }

FORMULA(gelu_sigmoid) { return gated_by_sigmoid<P>(x, far(P::product(GELU_GATE(), finite<P>(x)))); }

// a: the steepness of its gate, which may be small or negative, so that x is far where the gate is not.
LEARNED(swish) {
  V c = finite<P>(x);
  Two<V> z = far(P::product(a, c));
  auto l = logistic<P>(z);
  V value = P::tail(c, z, pick(z.hi < V(0), c, x) * rounded(l.s));
  return {value, gated_by_sigmoid<P>(x, z).slope, P::square_tail(c, minus_abs(z), rounded(c * l.s * l.t) * c)};
}

FORMULA(mish) {
  // tanh(log(1 + w)) for w = exp(x) is w (w + 2) / (w^2 + 2 w + 2); for x > 0 both are divided by w^2.
  V c = far(x);
  auto left = x < V(0);
  auto e = P::exp(Two<V>(-magnitude(c))), more = e * (e + 2.0), d = pick(left, more + 2.0, more + e * e + 1.0);
  auto bend = P::ratio(c * 4.0 * (e + 1.0), d);
  auto steep = P::ratio(pick(left, e * (e + 2.0 + bend), e * 2.0 + 1.0 + e * e * bend), d);
  V slope = P::near(Two<V>(x), MISH_ROOT(), MISH_SHORT(), MISH_LONG(), steep);
  V gate = rounded(P::ratio(pick(left, more, e * 2.0 + 1.0), d));
  return {P::tail(c, Two<V>(c), gated(x, gate)), P::tail(c + 1.0, Two<V>(c), slope)};
}

FORMULA(tanh_exp) {
  V c = between(x, V(-FAR), V(5));  // at 5 the gate is 1 to the last digit
  auto u = P::exp(Two<V>(c));
  auto p = P::power(Two<V>(u * -2.0));
  auto d = p.expm1 + 2.0, steep = P::ratio(P::ratio(c * u * 4.0 * p.exp, d) - p.expm1, d);
  V slope = P::near(Two<V>(x), TANH_EXP_ROOT(), TANH_EXP_SHORT(), TANH_EXP_LONG(), steep);
  return {P::tail(c, Two<V>(c), gated(x, rounded(P::ratio(-p.expm1, d)))), P::tail(c + 1.0, Two<V>(c), slope)};
}

FORMULA(gelu) {
  auto k = P::whole(NORMAL_SCALE());
  V c = far(x), size = magnitude(c), m = P::mills(size);
  Two<V> z = P::minus_half_square(size);
  auto density = P::exp(z), tail = P::normal_tail(size, density);
  auto left = x < V(0);
  auto gate = pick(left, tail, V(1) - tail), steep = c * k * density + gate;
  V y = gated(x, rounded(gate)), slope = P::near(Two<V>(x), GELU_ROOT(), GELU_SHORT(), GELU_LONG(), steep);
  return {pick(left, P::tail(c * m * k, z, y), y), pick(left, P::tail((c + m) * k, z, slope), slope)};
}

FORMULA(gelu_tanh) {  // x (1 + tanh(u / 2)) / 2 = x sigmoid(u)
  V c = between(x, V(-40), V(40));
  Two<V> z = P::cubic(c, GELU_SCALE(), GELU_CUBE()), w = P::cubic(c, GELU_SCALE(), GELU_CUBE() * 3.0);  // w = x dz/dx
  auto l = logistic<P>(z);
  V slope = P::near(Two<V>(x), GELU_TANH_ROOT(), GELU_TANH_SHORT(), GELU_TANH_LONG(), l.s * (P::whole(w) * l.t + 1.0));
  return {P::tail(c, z, at_least(V(-40), x) * rounded(l.s)), P::tail(w.hi + 1.0, z, slope)};
}

FORMULA(hard_swish) {
  V inside = P::over(x * (x + 3.0), V(6)), slope = P::over(x * 2.0 + 3.0, V(6));
  return {pick(x < V(-3), V(0), pick(x > V(3), x, inside)), pick(x < V(-3), V(0), pick(x > V(3), V(1), slope))};
}

FORMULA(clipped_gelu) {  // a, b: its ends
  Result<V> r = gelu::at<P>(x, a, b);
  V low = P::held(a), high = P::held(b), y = P::held(r.value);
  return {between(r.value, low, high), pick(y < low, V(0), pick(y > high, V(0), r.slope))};
}

FORMULA(hard_mish) {
  V inside = x * (x + 2.0) * 0.5;
  return {pick(x < V(-2), V(0), pick(x > V(0), x, inside)), pick(x < V(-2), V(0), pick(x > V(0), V(1), x + 1.0))};
}

FORMULA(sine) {  // a: its frequency
  return {lanes([](double x, double a) { return rounded(sin_of(Pair(a) * x)); }, x, a),
          lanes([](double x, double a) { return a * rounded(cos_of(Pair(a) * x)); }, x, a)};
}

LEARNED(snake) {  // a: the frequency of its ripple
  V c = between(x, V(-1e260), V(1e260));
  V value = lanes([](double x, double a) {
    Pair s = sin_of(Pair(a) * x);
    return a == 0 || x == 0 ? x : rounded(s * s / a + x);
  }, c, a);
  V slope = lanes([](double x, double a) {  // 1 + sin(2 z), with its digits where that is 0
    Pair z = Pair(a) * x;
    bool near = std::fabs(z.hi) < 1e15;  // farther out a quarter of pi is lost beside z
    double s = rounded(near ? sin_of(z + QUARTER_PI()) : sin_of(z) + cos_of(z));
    return near ? 2 * s * s : s * s;
  }, c, a);
  V by = lanes([](double x, double a) {
    Pair z = Pair(a) * x;
    double s = rounded(sin_of(z));
    return a == 0 ? x * x : s * (2 * z.hi * rounded(cos_of(z)) - s) / (a * a);
  }, c, a);
  auto endless = magnitude(x) > V(P::LARGEST);
  return {pick(endless, x, value), pick(endless, V(1), slope), pick(endless, V(0), by)};
}
