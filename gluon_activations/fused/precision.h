// The two precisions that formulas are computed in, both in float64.
//
// Single is for results of float32 and float16: some 35 bits of each function, in short polynomials, over vectors.
// Double is for results of float64: the functions of the C library, and between them each number as the sum of two,
// so that no digits are lost where terms cancel. It is rounded(…) to one at the end; in Single it is one all along.

template <class V> struct Two {  // a number as the sum of two
  V hi, lo;
  INLINE Two(V hi) : hi(hi), lo(0.0) {}
  INLINE Two(V hi, V lo) : hi(hi), lo(lo) {}
  template <class U> INLINE Two(Two<U> other) : hi(other.hi), lo(other.lo) {}
};

typedef Two<double> Pair;

INLINE Pair operator+(Pair a, Pair b) {
  double sum = a.hi + b.hi, part = sum - a.hi;  // and what it rounds off, as Knuth finds it
  return {sum, (a.hi - (sum - part)) + (b.hi - part) + (a.lo + b.lo)};
}
INLINE Pair operator-(Pair a) { return {-a.hi, -a.lo}; }
INLINE Pair operator-(Pair a, Pair b) { return a + -b; }
INLINE Pair operator*(Pair a, Pair b) {
  double p = a.hi * b.hi;
  return {p, std::fma(a.hi, b.hi, -p) + (a.hi * b.lo + a.lo * b.hi)};
}
INLINE Pair operator/(Pair a, Pair b) {
  double q = a.hi / b.hi;
  return {q, (std::fma(-q, b.hi, a.hi) + (a.lo - q * b.lo)) / b.hi};
}
INLINE Pair pick(bool condition, Pair a, Pair b) { return condition ? a : b; }
INLINE double rounded(Pair x) { return x.lo == 0 ? x.hi : x.hi + x.lo; }  // -0 + 0 would be 0
template <class V> INLINE V rounded(V x) { return x; }

// sin and cos of such a sum; its second part is small, unless the first is so large that it has no digits below 1.
INLINE Pair sin_of(Pair z) {
  double s = std::sin(z.hi), c = std::cos(z.hi);
  return z.lo == 0 ? Pair(s) : Pair(s * std::cos(z.lo)) + c * std::sin(z.lo);
}
INLINE Pair cos_of(Pair z) { return Pair(std::cos(z.hi) * std::cos(z.lo)) - std::sin(z.hi) * std::sin(z.lo); }

template <class N> struct Power { N exp, expm1; };  // exp(z) and exp(z) - 1
template <class N> Power(N, N) -> Power<N>;

template <class V> INLINE Two<V> minus_abs(Two<V> z) { return {-magnitude(z.hi), pick(z.hi < V(0), z.lo, -z.lo)}; }

template <int N> struct Polynomial {
  double c[N];
  template <class V> INLINE V operator()(V x) const {
    V y = c[N - 1];
    for (int i = N - 2; i >= 0; --i) y = y * x + c[i];
    return y;
  }
};
template <class... C> Polynomial(C...) -> Polynomial<sizeof...(C)>;

#define COEFFICIENTS(name, ...) INLINE constexpr auto name() { return Polynomial{__VA_ARGS__}; }
#define CONSTANT(name, hi, lo) INLINE Two<double> name() { return {hi, lo}; }
#include "coefficients.h"

struct Single {
  static constexpr double LARGEST = 3.4028234663852886e38, MOST = 700;  // what exp takes

  template <class V> static INLINE V held(V end) { return as_float(end); }  // what x can be, where it meets this
  template <class V> static INLINE V whole(Two<V> z) { return z.hi; }  // with all the digits that are computed with
  template <class V> static INLINE Power<V> power(Two<V> z) {  // for z up to 700
    V two_k, r = split_off_powers(at_least(V(-700), z.hi), two_k), q = r * EXPM1()(r);
    return {two_k * q + two_k, with_sign(two_k * q + (two_k - 1.0), z.hi)};
  }
  template <class V> static INLINE V exp(Two<V> z) { return power(z).exp; }
  template <class V> static INLINE V log1p(V e) { return e * LOG1P()(e); }  // for e from 0 to 1
  template <class V> static INLINE V log1p_over(V e) { return LOG1P()(e); }
  template <class V> static INLINE V ratio(V n, V d) { return n * inverse_of(d); }  // for d from 1 to 1e38
  template <class V> static INLINE V divide(V n, V d) { return divided(n, d); }
  template <class V> static INLINE V hypot(V x, V square) { return root(x * x + square); }
  template <class V> static INLINE Two<V> standard(V x, V centre, V width) { return divided(x - centre, width); }
  template <class V> static INLINE Two<V> product(V a, V x) { return a * x; }
  template <class V> static INLINE Two<V> product(Two<double> a, V x) { return a.hi * x; }
  template <class V> static INLINE V over(V x, V a) { return x * divided(V(1), a); }  // once, where a stays
  template <class V> static INLINE Two<V> quotient(V x, V a) { return over(x, a); }
  template <class V> static INLINE Two<V> minus_half_square(V x) { return x * x * -0.5; }
  template <class V> static INLINE Two<V> cubic(V x, Two<double> a, Two<double> b) { return x * (x * x * b.hi + a.hi); }
  template <class V> static INLINE V normal_tail(V x, V density) {
    V r = inverse_of(x + 4.0);
    return density * r * TAIL()((at_most(V(14), x) - 4.0) * r);
  }
  template <class V, class S, class L>
  static INLINE V near(Two<V> x, Two<double> root, S s, L, V elsewhere) {
    V d = (x.hi - root.hi) - root.lo;
    return pick(magnitude(d) < V(0.125), d * s(d), elsewhere);
  }
  template <class V> static INLINE V tail(V, Two<V>, V elsewhere) { return elsewhere; }  // exp loses none
  template <class V> static INLINE V square_tail(V, Two<V>, V elsewhere) { return elsewhere; }
  template <class V> static INLINE V mills(V) { return V(0); }
};

struct Double {
  static constexpr double LARGEST = 1.7976931348623157e308, MOST = 709.782712893384;

  static INLINE double held(double end) { return end; }
  static INLINE Pair whole(Pair z) { return z; }
  static INLINE Pair exp(Pair z) {
    double e = std::exp(z.hi), sum = std::fma(e, z.lo, e);
    return {sum, std::fma(e, z.lo, e - sum)};
  }
  static INLINE Power<Pair> power(Pair z) {
    Pair e = exp(z);
    return {e, {std::expm1(z.hi), e.hi * z.lo}};
  }
  static INLINE double log1p(Pair e) { return std::log1p(rounded(e)); }
  static INLINE double log1p_over(Pair e) { return e.hi > 0 ? log1p(e) / rounded(e) : 1; }
  static INLINE Pair ratio(Pair n, Pair d) { return n / d; }
  static INLINE Pair divide(Pair n, Pair d) { return n / d; }
  static INLINE Pair hypot(double x, double square) {  // sqrt(x^2 + square)
    if (x > 1e150) return x;
    Pair h = Pair(x) * x + square;
    double r = std::sqrt(h.hi);
    return {r, (std::fma(-r, r, h.hi) + h.lo) / (2 * r)};
  }
  static INLINE Pair standard(double x, double centre, double width) { return (Pair(x) - centre) / width; }
  static INLINE Pair product(Pair a, double x) { return a * x; }
  static INLINE double over(double x, double a) { return x / a; }
  static INLINE Pair quotient(double x, double a) { return Pair(x) / a; }
  static INLINE Pair minus_half_square(double x) { return Pair(-0.5 * x) * x; }
  static INLINE Pair cubic(double x, Pair a, Pair b) { return (Pair(x) * x * b + a) * x; }  // a x + b x^3
  static INLINE Pair normal_tail(double x, Pair density) {
    Pair h = SQRT_HALF() * x;
    return {0.5 * std::erfc(h.hi), -h.lo * density.hi * 0.5641895835477563};
  }
  template <class S, class L> static INLINE double near(Pair x, Pair root, S, L l, Pair elsewhere) {
    double d = rounded(x - root);
    return std::fabs(d) < 0.75 ? d * l(d) : rounded(elsewhere);
  }
  // factor exp(z), where exp(z) itself, or its correction, has lost digits, or is 0 in MXNet 2.x, and the product not.
  static INLINE double tail(Pair factor, Pair z, Pair elsewhere) {
    if (!(z.hi < -600)) return rounded(elsewhere);
    double root = std::exp(0.5 * z.hi);
    return rounded(factor * Pair(root, root * z.lo)) * root;
  }
  // factor^2 exp(z), where the factor may be so large that even a half of exp(z) has lost digits.
  static INLINE double square_tail(double factor, Pair z, double elsewhere) {
    if (!(z.hi < -600)) return elsewhere;
    Pair root = exp(Pair(0.25 * z.hi, 0.25 * z.lo)), half = Pair(factor) * root * root;
    return std::fma(half.hi, half.hi, 2 * half.hi * half.lo);
  }
  // Phi(-x) over the density of the standard normal, for such a tail.
  static INLINE double mills(double x) {
    if (!(x > 30)) return 0;
    double m = x;
    for (int k = 7; k; --k) m = x + k / m;
    return 1 / m;
  }
};
