// What the loops and the operators share: numbers in memory, and the loops of a formula.
#pragma once

#include <cmath>
#include <cstdint>

#define INLINE __attribute__((always_inline)) inline

namespace kernels {

struct Half { uint16_t bits; };  // float16

// The loops of one formula for one dtype. a and b are its numbers, g the gradient of what follows.
template <class T> struct Loops {
  void (*value)(const T* x, T* y, int64_t n, double a, double b);
  void (*slope)(const T* x, const T* g, T* dx, int64_t n, double a, double b);
  // u times the value, as in a gated unit.
  void (*gate)(const T* u, const T* x, T* y, int64_t n);
  void (*gate_slope)(const T* u, const T* x, const T* g, T* du, T* dx, int64_t n);
  // Where a is learned, else null: the gradient of one a, summed; value and gradients with an a for each number.
  double (*by)(const T* x, const T* g, int64_t n, double a);
  void (*each_value)(const T* x, const T* a, T* y, int64_t n);
  void (*each_slope)(const T* x, const T* a, const T* g, T* dx, double* da, int64_t n);
};

struct Formula {
  const char* name;
  Loops<float> single;
  Loops<double> twice;
  Loops<Half> half;
};

}  // namespace kernels

namespace {  // every object has its own, in the instructions of its level

using kernels::Half;

INLINE double get(float x) { return x; }
INLINE double get(double x) { return x; }
inline double get(Half x) {
  int exponent = x.bits >> 10 & 31, digits = x.bits & 1023;
  double size = exponent == 31 ? (digits ? NAN : INFINITY)
                               : std::ldexp(1.0 * (exponent ? digits + 1024 : digits), (exponent ? exponent : 1) - 25);
  return x.bits >> 15 ? -size : size;
}

INLINE void put(float& y, double v) { y = (float)v; }
INLINE void put(double& y, double v) { y = v; }
inline void put(Half& y, double v) {  // rounded once, to even
  int sign = __builtin_signbit(v) ? 1 << 15 : 0;
  double size = std::fabs(v);
  if (!(size < 65520)) {
    y.bits = (uint16_t)(sign | 31 << 10 | (size != size ? 512 : 0));
    return;
  }
  int exponent = size < 0x1p-14 ? -14 : std::ilogb(size);
  long digits = std::lrint(std::ldexp(size, 10 - exponent));  // what is 1024 or 2048 counts up the exponent
  y.bits = (uint16_t)(sign | (((exponent + 14) << 10) + digits));
}

}  // namespace
