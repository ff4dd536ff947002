// The loops over arrays: compiled once for each LEVEL of processors, into an object of its own.

#include "kernels.h"

#include <cstring>
#include <type_traits>
#include <utility>
#ifdef __AVX2__
#include <immintrin.h>
#endif

// The exp that every C library has had, not the one since glibc 2.29, which only treats errno in another way: so what
// a wheel carries also loads on systems that are older than the one where it was compiled.
#if defined(__GLIBC__) && defined(__x86_64__)
__asm__(".symver exp,exp@GLIBC_2.2.5");
#elif defined(__GLIBC__) && defined(__aarch64__)
__asm__(".symver exp,exp@GLIBC_2.17");
#endif

namespace {  // nothing may be shared with the objects of other levels, which have other instructions

#include "vectors.h"
#include "precision.h"

template <class V> struct Result {
  V value, slope, by;
  INLINE Result(V value, V slope) : value(value), slope(slope), by(0.0) {}
  INLINE Result(V value, V slope, V by) : value(value), slope(slope), by(by) {}
};

template <int PLACE> struct Entry;
const int FIRST = __COUNTER__ + 1;

#define DEFINE(NAME, LEARNS)                                                           \
  struct NAME {                                                                        \
    template <class P, class V> static INLINE Result<V> at(V x, V a, V b);             \
  };                                                                                   \
  template <> struct Entry<__COUNTER__> {                                              \
    typedef NAME F;                                                                    \
    static const bool learned = LEARNS;                                                \
    static constexpr const char* name = #NAME;                                         \
  };                                                                                   \
  template <class P, class V>                                                          \
  INLINE Result<V> NAME::at([[maybe_unused]] V x, [[maybe_unused]] V a, [[maybe_unused]] V b)
#define FORMULA(name) DEFINE(name, false)
#define LEARNED(name) DEFINE(name, true)

#include FORMULAS

template <class T> struct Kind { typedef Single P; typedef double V; };
template <> struct Kind<float> { typedef Single P; typedef Wide V; };
template <> struct Kind<double> { typedef Double P; typedef double V; };

// The last numbers of an array, where they do not fill a vector: copied out, and back if they are results.
template <int N, class T> struct Rest {
  std::remove_const_t<T> numbers[N] = {};
  T* const array;
  const int64_t n;

  Rest(T* array, int64_t n) : array(array), n(n) { std::memcpy(numbers, array, n * sizeof(T)); }
  ~Rest() {
    if constexpr (!std::is_const_v<T>) std::memcpy(array, numbers, n * sizeof(T));
  }
};

// work(arrays…) for each vector of n numbers; the last ones are worked on in a whole one too, so that a number has
// the same result wherever it stands.
template <int N, class Work, class... T> INLINE void each(int64_t n, const Work& work, T*... arrays) {
  int64_t i = 0;
  for (; i + N <= n; i += N) work(arrays + i...);
  if (i < n) [&](auto&&... rest) { work(rest.numbers...); }(Rest<N, T>(arrays + i, n - i)...);
}

// Each loop reads and writes memory once; what a formula computes and a loop does not use, is not computed.
template <class F, class T> struct Over {
  typedef typename Kind<T>::P P;
  typedef typename Kind<T>::V V;
  static const int N = Lanes<V>::N;

  template <class U> static INLINE V in(const U* x) { return get_all(x, V(0)); }
  static INLINE Result<V> at(const T* x, V a, V b) { return F::template at<P>(in(x), a, b); }

  static void value(const T* x, T* y, int64_t n, double a, double b) {
    each<N>(n, [&](const T* x, T* y) { put_all(y, at(x, a, b).value); }, x, y);
  }
  static void slope(const T* x, const T* g, T* dx, int64_t n, double a, double b) {
    each<N>(n, [&](const T* x, const T* g, T* dx) { put_all(dx, in(g) * at(x, a, b).slope); }, x, g, dx);
  }
  static void gate(const T* u, const T* x, T* y, int64_t n) {
    each<N>(n, [&](const T* u, const T* x, T* y) { put_all(y, in(u) * at(x, 1, 1).value); }, u, x, y);
  }
  static void gate_slope(const T* u, const T* x, const T* g, T* du, T* dx, int64_t n) {
    each<N>(n, [&](const T* u, const T* x, const T* g, T* du, T* dx) {
      Result<V> r = at(x, 1, 1);
      put_all(du, in(g) * r.value);
      put_all(dx, in(g) * in(u) * r.slope);
    }, u, x, g, du, dx);
  }
  static double by(const T* x, const T* g, int64_t n, double a) {
    V all(0);
    each<N>(n, [&](const T* x, const T* g) { all = all + in(g) * at(x, a, 1).by; }, x, g);
    return sum(all);
  }
  static void each_value(const T* x, const T* a, T* y, int64_t n) {
    each<N>(n, [&](const T* x, const T* a, T* y) { put_all(y, at(x, in(a), 1).value); }, x, a, y);
  }
  static void each_slope(const T* x, const T* a, const T* g, T* dx, double* da, int64_t n) {
    each<N>(n, [&](const T* x, const T* a, const T* g, T* dx, double* da) {
      Result<V> r = at(x, in(a), 1);
      put_all(dx, in(g) * r.slope);
      put_all(da, in(da) + in(g) * r.by);
    }, x, a, g, dx, da);
  }

  template <bool LEARNED> static constexpr kernels::Loops<T> loops() {
    if constexpr (LEARNED) return {value, slope, gate, gate_slope, by, each_value, each_slope};
    return {value, slope, gate, gate_slope, nullptr, nullptr, nullptr};
  }
};

// The compiler makes the table: one that is filled while the library is loaded is filled for every level, in its
// instructions, and ends the process where the processor lacks them.
template <class F, bool LEARNED> constexpr kernels::Formula formula(const char* name) {
  return {name, Over<F, float>::template loops<LEARNED>(), Over<F, double>::template loops<LEARNED>(),
          Over<F, Half>::template loops<LEARNED>()};
}

const int COUNT = __COUNTER__ - FIRST;
struct Table { kernels::Formula formulas[COUNT]; };
template <int... I> constexpr Table table_of(std::integer_sequence<int, I...>) {
  return {{formula<typename Entry<FIRST + I>::F, Entry<FIRST + I>::learned>(Entry<FIRST + I>::name)...}};
}
constexpr Table table = table_of(std::make_integer_sequence<int, COUNT>());

}  // namespace

#define JOINED(a, b) a##b
#define NAMED(level) JOINED(formulas_, level)

extern "C" const kernels::Formula* NAMED(LEVEL)(int* n) {
  *n = COUNT;
  return table.formulas;
}
