// Numbers of float64 side by side: the same operations for the widths of AVX-512 and AVX2, and for one number.
//
// What a formula needs of a vector V: + - *, comparisons, pick(condition, a, b), magnitude, at_least, at_most (through
// which nan passes), with_sign, and what exponentials are made of. Where a function would branch, it picks.

// One number: the portable way, and that of float64 and float16.
INLINE double pick(bool condition, double a, double b) { return condition ? a : b; }
INLINE double magnitude(double x) { return std::fabs(x); }
INLINE double at_least(double low, double x) { return x < low ? low : x; }
INLINE double at_most(double high, double x) { return x > high ? high : x; }
INLINE double with_sign(double size, double sign) { return std::copysign(size, sign); }
INLINE double divided(double a, double b) { return a / b; }
INLINE double root(double x) { return std::sqrt(x); }
INLINE double as_float(double x) { return (float)x; }  // rounded to float32
template <class F> INLINE double lanes(const F& f, double x, double a) { return f(x, a); }  // one by one
INLINE double sum(double x) { return x; }
INLINE double inverse_of(double d) {  // to 2^-46, for d from 1 to 1e38
  double r = 1.0f / (float)d;
  return r * (2 - d * r);
}
// x = k log(2) + rest for a whole k, and 2^k; for x from -700 to 700.
INLINE double split_off_powers(double x, double& two_k) {
  double shifted = x * 1.4426950408889634 + 0x1.8p52;  // its last bits are k
  int64_t bits;
  std::memcpy(&bits, &shifted, 8);
  bits = (int64_t)((uint64_t)(bits + 1023) << 52);
  std::memcpy(&two_k, &bits, 8);
  return x - (shifted - 0x1.8p52) * 0.6931471805599453;
}
template <class T> INLINE double get_all(const T* x, double) { return get(*x); }
template <class T> INLINE void put_all(T* y, double v) { put(*y, v); }

#if defined(__AVX512F__) || defined(__AVX2__)

#if defined(__AVX512F__)
#define SIMD(name) _mm512_##name
typedef __m512d Register;
typedef __mmask8 Condition;
template <int HOW> INLINE Condition compared(Register a, Register b) { return _mm512_cmp_pd_mask(a, b, HOW); }
INLINE Register blend(Condition c, Register a, Register b) { return _mm512_mask_blend_pd(c, b, a); }
INLINE Register inverse_of(Register d) {  // an estimate of 14 bits, and a step that trebles them
  Register r = _mm512_rcp14_pd(d), e = _mm512_fnmadd_pd(d, r, _mm512_set1_pd(1));
  return _mm512_fmadd_pd(r, _mm512_fmadd_pd(e, e, e), r);
}
INLINE Register power_of_two(Register k) {  // from 2^52 + 2^51 + k, whose last bits are k
  return _mm512_castsi512_pd(_mm512_slli_epi64(_mm512_add_epi64(_mm512_castpd_si512(k), _mm512_set1_epi64(1023)), 52));
}
INLINE Register load(const float* x) { return _mm512_cvtps_pd(_mm256_loadu_ps(x)); }
INLINE void store(float* y, Register v) { _mm256_storeu_ps(y, _mm512_cvtpd_ps(v)); }
INLINE Register as_float(Register x) { return _mm512_cvtps_pd(_mm512_cvtpd_ps(x)); }
#else
#define SIMD(name) _mm256_##name
typedef __m256d Register;
typedef __m256d Condition;
template <int HOW> INLINE Condition compared(Register a, Register b) { return _mm256_cmp_pd(a, b, HOW); }
INLINE Register blend(Condition c, Register a, Register b) { return _mm256_blendv_pd(b, a, c); }
INLINE Register inverse_of(Register d) {
  Register r = _mm256_cvtps_pd(_mm_div_ps(_mm_set1_ps(1), _mm256_cvtpd_ps(d)));
  return _mm256_mul_pd(r, _mm256_fnmadd_pd(d, r, _mm256_set1_pd(2)));
}
INLINE Register power_of_two(Register k) {
  return _mm256_castsi256_pd(_mm256_slli_epi64(_mm256_add_epi64(_mm256_castpd_si256(k), _mm256_set1_epi64x(1023)), 52));
}
INLINE Register load(const float* x) { return _mm256_cvtps_pd(_mm_loadu_ps(x)); }
INLINE void store(float* y, Register v) { _mm_storeu_ps(y, _mm256_cvtpd_ps(v)); }
INLINE Register as_float(Register x) { return _mm256_cvtps_pd(_mm256_cvtpd_ps(x)); }
#endif
INLINE Register load(const double* x) { return SIMD(loadu_pd)(x); }
INLINE void store(double* y, Register v) { SIMD(storeu_pd)(y, v); }

struct Wide {
  static const int LANES = sizeof(Register) / sizeof(double);
  Register v;
  INLINE Wide() {}
  INLINE Wide(double x) : v(SIMD(set1_pd)(x)) {}
  INLINE Wide(Register v) : v(v) {}
};
struct Mask { Condition v; };

INLINE Wide operator+(Wide a, Wide b) { return SIMD(add_pd)(a.v, b.v); }
INLINE Wide operator-(Wide a, Wide b) { return SIMD(sub_pd)(a.v, b.v); }
INLINE Wide operator*(Wide a, Wide b) { return SIMD(mul_pd)(a.v, b.v); }
INLINE Wide operator-(Wide a) { return SIMD(xor_pd)(a.v, SIMD(set1_pd)(-0.0)); }
INLINE Mask operator<(Wide a, Wide b) { return {compared<_CMP_LT_OQ>(a.v, b.v)}; }
INLINE Mask operator>(Wide a, Wide b) { return {compared<_CMP_GT_OQ>(a.v, b.v)}; }
INLINE Mask operator>=(Wide a, Wide b) { return {compared<_CMP_GE_OQ>(a.v, b.v)}; }
INLINE Mask operator==(Wide a, Wide b) { return {compared<_CMP_EQ_OQ>(a.v, b.v)}; }
INLINE Wide pick(Mask m, Wide a, Wide b) { return blend(m.v, a.v, b.v); }
INLINE Wide magnitude(Wide x) { return SIMD(andnot_pd)(SIMD(set1_pd)(-0.0), x.v); }
INLINE Wide at_least(Wide low, Wide x) { return SIMD(max_pd)(low.v, x.v); }  // x where that is nan
INLINE Wide at_most(Wide high, Wide x) { return SIMD(min_pd)(high.v, x.v); }
INLINE Wide with_sign(Wide size, Wide sign) {
  const Register bit = SIMD(set1_pd)(-0.0);
  return SIMD(or_pd)(SIMD(andnot_pd)(bit, size.v), SIMD(and_pd)(bit, sign.v));
}
INLINE Wide divided(Wide a, Wide b) { return SIMD(div_pd)(a.v, b.v); }
INLINE Wide root(Wide x) { return SIMD(sqrt_pd)(x.v); }
INLINE Wide as_float(Wide x) { return as_float(x.v); }
template <class F> INLINE Wide lanes(const F& f, Wide x, Wide a) {
  double xs[Wide::LANES], as[Wide::LANES];
  store(xs, x.v);
  store(as, a.v);
  for (int i = 0; i < Wide::LANES; ++i) xs[i] = f(xs[i], as[i]);
  return SIMD(loadu_pd)(xs);
}
INLINE Wide inverse_of(Wide d) { return inverse_of(d.v); }
INLINE Wide split_off_powers(Wide x, Wide& two_k) {
  const Register shift = SIMD(set1_pd)(0x1.8p52), k = SIMD(fmadd_pd)(x.v, SIMD(set1_pd)(1.4426950408889634), shift);
  two_k = power_of_two(k);
  return SIMD(fnmadd_pd)(SIMD(sub_pd)(k, shift), SIMD(set1_pd)(0.6931471805599453), x.v);
}
template <class T> INLINE Wide get_all(const T* x, Wide) { return load(x); }
template <class T> INLINE void put_all(T* y, Wide v) { store(y, v.v); }
INLINE double sum(Wide x) {
  double each[Wide::LANES], all = 0;
  store(each, x.v);
  for (double one : each) all += one;
  return all;
}

#else
typedef double Wide;
#endif

template <class V> struct Lanes { static const int N = V::LANES; };
template <> struct Lanes<double> { static const int N = 1; };
