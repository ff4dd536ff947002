// The operators of MXNet around the loops: which level of processor, threads, attributes, shapes.

#include <pthread.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <string>
#include <unordered_map>
#include <vector>

#include "kernels.h"
#include "mxnet/lib_api.h"

using kernels::Formula;
using kernels::Loops;
using namespace mxnet::ext;

extern "C" {
const Formula* formulas_portable(int*);
#ifdef __x86_64__
const Formula* formulas_avx2(int*);
const Formula* formulas_avx512(int*);
#endif
}

// What is compiled with GCC 11 or later asks for this, which older C++ libraries lack: see exp in kernels.cc.
#ifdef __GLIBCXX__
namespace std {
[[noreturn]] void __throw_bad_array_new_length() { __throw_bad_alloc(); }
}
#endif

namespace {

// -- the level --------------------------------------------------------------------------------------------------

struct Level {
  const char* name;
  bool runs;
  const Formula* (*formulas)(int*);
};

const Level& level() {  // the best that runs here, or the one asked for
  static const Level all[] = {
#ifdef __x86_64__
      {"avx512",
       __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("fma"),
       formulas_avx512},
      {"avx2", __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2"),
       formulas_avx2},
#endif
      {"portable", true, formulas_portable}};
  const char* wish = std::getenv("GLUON_ACTIVATIONS_LEVEL");
  const Level* one = all;
  while (!one->runs || (wish && std::strcmp(wish, one->name) && std::strcmp("portable", one->name))) ++one;
  return *one;
}

const Formula* find(const std::string& name) {
  static const std::unordered_map<std::string, const Formula*> all = [] {
    int n;
    const Formula* formulas = level().formulas(&n);
    std::unordered_map<std::string, const Formula*> found;
    for (int i = 0; i < n; ++i) found[formulas[i].name] = formulas + i;
    return found;
  }();
  auto found = all.find(name);
  return found == all.end() ? nullptr : found->second;
}

template <class T> const Loops<T>& loops(const Formula& f);
template <> const Loops<float>& loops(const Formula& f) { return f.single; }
template <> const Loops<double>& loops(const Formula& f) { return f.twice; }
template <> const Loops<Half>& loops(const Formula& f) { return f.half; }

// -- threads ----------------------------------------------------------------------------------------------------

// OpenMP's threads do not live on in a forked process, and one that asks for them waits for ever.
bool forked = false;
const int watched = pthread_atfork(nullptr, nullptr, [] { forked = true; });

const int64_t CHUNK = 1 << 14;  // numbers; a multiple of every vector, so that each number has its place in one

int64_t chunks_of(int64_t n, int64_t size) { return (n + size - 1) / size; }

template <class Work> void in_chunks(int64_t chunks, const Work& work) {
  if (chunks < 2 || forked) {
    for (int64_t i = 0; i < chunks; ++i) work(i);
    return;
  }
#pragma omp parallel for schedule(static)
  for (int64_t i = 0; i < chunks; ++i) work(i);
}

// -- what is called ---------------------------------------------------------------------------------------------

typedef std::unordered_map<std::string, std::string> Attributes;
typedef std::vector<MXTensor> Tensors;

std::string text(const Attributes& attributes, const char* key, const char* otherwise = "") {
  auto found = attributes.find(key);
  return found == attributes.end() ? otherwise : found->second;
}

double numeric(const Attributes& attributes, const char* key, const char* otherwise = "1") {
  return std::strtod(text(attributes, key, otherwise).c_str(), nullptr);
}

// fused_activation(x) or, where a is learned, fused_activation(x, a): a has one value, or one per index of axis 1.
template <class T> struct Activation {
  const Formula& formula;
  const Loops<T>& loop;
  const double a, b;

  explicit Activation(const Attributes& attributes)
      : formula(*find(text(attributes, "formula"))), loop(loops<T>(formula)), a(numeric(attributes, "a")),
        b(numeric(attributes, "b")) {}

  void forward(Tensors& in, Tensors& out) const {
    const T* x = in[0].data<T>();
    T* y = out[0].data<T>();
    if (in.size() == 1) {
      over(in[0].size(), [&](int64_t i, int64_t n) { loop.value(x + i, y + i, n, a, b); });
      return;
    }
    const T* w = in[1].data<T>();
    Rows(in[0], in[1])
        .each([&](int64_t, int64_t i, int64_t c, int64_t n) { loop.value(x + i, y + i, n, get(w[c]), 1); },
              [&](int64_t, int64_t i, int64_t c, int64_t n) { loop.each_value(x + i, w + c, y + i, n); });
  }

  void backward(Tensors& in, Tensors& out) const {
    const T *g = in[0].data<T>(), *x = in[1].data<T>();
    T* dx = out[0].data<T>();
    if (out.size() == 1) {
      over(in[1].size(), [&](int64_t i, int64_t n) { loop.slope(x + i, g + i, dx + i, n, a, b); });
      return;
    }
    // Each chunk sums for itself, and the sums are added in order: the same digits for any number of threads.
    const T* w = in[2].data<T>();
    const Rows rows(in[1], in[2]);
    std::vector<double> sums(rows.chunks() * rows.count);
    rows.each(
        [&](int64_t chunk, int64_t i, int64_t c, int64_t n) {
          loop.slope(x + i, g + i, dx + i, n, get(w[c]), 1);
          sums[chunk * rows.count + c] += loop.by(x + i, g + i, n, get(w[c]));
        },
        [&](int64_t chunk, int64_t i, int64_t c, int64_t n) {
          loop.each_slope(x + i, w + c, g + i, dx + i, &sums[chunk * rows.count + c], n);
        });
    for (int64_t c = 0; c < rows.count; ++c) {
      double sum = 0;
      for (size_t i = c; i < sums.size(); i += rows.count) sum += sums[i];
      put(out[1].data<T>()[c], sum);
    }
  }

 private:
  template <class Work> static void over(int64_t n, const Work& work) {
    in_chunks(chunks_of(n, CHUNK), [&](int64_t i) { work(i * CHUNK, std::min(CHUNK, n - i * CHUNK)); });
  }

  // How the values of a lie beside x: in rows of `inner` numbers that share one, which is the row's number modulo
  // count.
  struct Rows {
    int64_t size, count = 1, inner = 1;

    Rows(const MXTensor& x, const MXTensor& w) : size(x.size()) {
      if (w.size() == 1) return;
      count = w.size();
      for (size_t i = std::max<size_t>(w.shape.size(), 2); i < x.shape.size(); ++i) inner *= x.shape[i];
    }

    int64_t step() const {
      return count == 1 ? CHUNK : std::max<int64_t>(1, CHUNK / std::max<int64_t>(inner, 1)) * inner;
    }
    int64_t chunks() const { return size ? chunks_of(size, step()) : 0; }

    // one(chunk, start, index of a, length) where they share it, several(…) where it changes from number to number.
    template <class One, class Several> void each(const One& one, const Several& several) const {
      in_chunks(chunks(), [&](int64_t chunk) {
        int64_t i = chunk * step(), end = std::min(size, i + step());
        while (i < end) {
          int64_t c = i / inner % count, n = count == 1 ? end - i : inner > 1 ? inner : std::min(end - i, count - c);
          if (count == 1 || inner > 1) one(chunk, i, c, n);
          else several(chunk, i, c, n);
          i += n;
        }
      });
    }
  };
};

// fused_glu(x): the first half of an axis times the formula of the second.
template <class T> struct Glu {
  const Loops<T>& loop;
  const int64_t axis;

  explicit Glu(const Attributes& attributes)
      : loop(loops<T>(*find(text(attributes, "formula")))), axis((int64_t)numeric(attributes, "axis", "-1")) {}

  void forward(Tensors& in, Tensors& out) const {
    const T* x = in[0].data<T>();
    T* y = out[0].data<T>();
    each(in[0], [&](int64_t u, int64_t v, int64_t i, int64_t n) { loop.gate(x + u, x + v, y + i, n); });
  }

  void backward(Tensors& in, Tensors& out) const {
    const T *g = in[0].data<T>(), *x = in[1].data<T>();
    T* dx = out[0].data<T>();
    each(in[1], [&](int64_t u, int64_t v, int64_t i, int64_t n) {
      loop.gate_slope(x + u, x + v, g + i, dx + u, dx + v, n);
    });
  }

 private:
  // work(start in the first half, in the second, in the result, length).
  template <class Work> void each(const MXTensor& x, const Work& work) const {
    int64_t half = 1;
    for (size_t i = axis < 0 ? axis + x.shape.size() : axis; i < x.shape.size(); ++i) half *= x.shape[i];
    half /= 2;
    if (!half) return;
    const int64_t pairs = x.size() / half / 2, parts = chunks_of(half, CHUNK);
    const int64_t step = std::max<int64_t>(1, CHUNK / half);
    in_chunks(chunks_of(pairs, step) * parts, [&](int64_t chunk) {
      int64_t first = chunk / parts * step, start = chunk % parts * CHUNK, n = std::min(CHUNK, half - start);
      for (int64_t i = first; i < std::min(pairs, first + step); ++i)
        work(2 * i * half + start, (2 * i + 1) * half + start, i * half + start, n);
    });
  }
};

// Whole numbers, as MXNet's own relu takes them, which it is to stand for: through float64, and cut off again. g is
// null forwards.
template <class T> void whole(const Activation<double>& one, MXTensor& x, MXTensor* g, MXTensor& y) {
  in_chunks(chunks_of(x.size(), CHUNK), [&](int64_t chunk) {
    const int64_t start = chunk * CHUNK, n = std::min(CHUNK, x.size() - start);
    std::vector<double> from(x.data<T>() + start, x.data<T>() + start + n), to(n), by(n);
    if (g) std::copy_n(g->data<T>() + start, n, by.begin());
    if (g) one.loop.slope(from.data(), by.data(), to.data(), n, one.a, one.b);
    else one.loop.value(from.data(), to.data(), n, one.a, one.b);
    for (int64_t i = 0; i < n; ++i) y.data<T>()[start + i] = (T)to[i];
  });
}

bool whole(const Attributes& attributes, MXDType dtype, MXTensor& x, MXTensor* g, MXTensor& y) {
  const Activation<double> one(attributes);
  if (dtype == kInt32) whole<int32_t>(one, x, g, y);
  else if (dtype == kInt64) whole<int64_t>(one, x, g, y);
  else if (dtype == kInt8) whole<int8_t>(one, x, g, y);
  else if (dtype == kUint8) whole<uint8_t>(one, x, g, y);
  else return false;
  return true;
}

// -- what is wrong ----------------------------------------------------------------------------------------------

// MXNet's own store of messages is never emptied: after one error each call that succeeds would copy all that were
// ever said, and keep the copies. So here a thread says one thing, and MXNet, which asks it after each call, is told
// it once: see _msgSize below, and the build, where lib_api.cc gives up that name.
thread_local std::string said;

MXReturnValue failed(const std::string& why) {
  said = why;
  return MX_FAIL;
}

// -- how MXNet calls it -----------------------------------------------------------------------------------------

template <template <class> class> constexpr bool IS_ACTIVATION = false;
template <> constexpr bool IS_ACTIVATION<Activation> = true;

// What is said to a dtype that there are no loops for.
MXReturnValue refused(const Attributes& attributes, int dtype) {
  static const std::unordered_map<int, const char*> names = {{kUint8, "uint8"}, {kInt32, "int32"}, {kInt8, "int8"},
                                                             {kInt64, "int64"}, {7, "bool"},       {12, "bfloat16"}};
  auto found = names.find(dtype);
  return failed(text(attributes, "formula") + " takes float16, float32, float64, not " +
                (found == names.end() ? "this" : found->second) + ": convert with .astype('float32')");
}

template <template <class> class Operator, class Work>
MXReturnValue dispatch(const Attributes& attributes, MXDType dtype, const Work& work) {
  if (dtype == kFloat32) work(Operator<float>(attributes));
  else if (dtype == kFloat64) work(Operator<double>(attributes));
  else if (dtype == kFloat16) work(Operator<Half>(attributes));
  else return refused(attributes, dtype);
  return MX_SUCCESS;
}

template <template <class> class Operator>
MXReturnValue forward(const Attributes& attributes, Tensors* in, Tensors* out, const OpResource&) {
  if (IS_ACTIVATION<Operator> && in->size() == 1 && whole(attributes, (*in)[0].dtype, (*in)[0], nullptr, (*out)[0]))
    return MX_SUCCESS;
  return dispatch<Operator>(attributes, (*in)[0].dtype, [&](const auto& one) { one.forward(*in, *out); });
}

template <template <class> class Operator>
MXReturnValue backward(const Attributes& attributes, Tensors* in, Tensors* out, const OpResource&) {
  if (IS_ACTIVATION<Operator> && out->size() == 1 && whole(attributes, (*in)[1].dtype, (*in)[1], in->data(), (*out)[0]))
    return MX_SUCCESS;
  return dispatch<Operator>(attributes, (*in)[0].dtype, [&](const auto& one) { one.backward(*in, *out); });
}

MXReturnValue parse(const Attributes& attributes, int* inputs, int* outputs) {
  const Formula* formula = find(text(attributes, "formula"));
  *inputs = (int)numeric(attributes, "inputs");
  *outputs = 1;
  if (formula && (*inputs == 1 || formula->single.by)) return MX_SUCCESS;
  return failed("there is no formula '" + text(attributes, "formula") + "' of " + std::to_string(*inputs) + " inputs");
}

MXReturnValue infer_type(const Attributes& attributes, std::vector<int>* in, std::vector<int>* out) {
  const int most = attributes.count("whole") ? kInt64 : kFloat16;  // MXNet's numbers of dtypes; -1 is not known yet
  if ((*in)[0] > most) return refused(attributes, (*in)[0]);
  for (int& one : *in) one = (*in)[0];
  (*out)[0] = (*in)[0];
  return MX_SUCCESS;
}

typedef std::vector<std::vector<unsigned int>> Shapes;

MXReturnValue infer_shape(const Attributes& attributes, Shapes* in, Shapes* out) {
  const std::vector<unsigned int>& x = (*in)[0];
  (*out)[0] = x;
  if (in->size() == 1) return MX_SUCCESS;
  std::vector<unsigned int>& w = (*in)[1];
  if (w.empty() && x.size() > 1) w = {x[1]};  // not known yet, as MXNet's PReLU has it
  unsigned int count = 1;
  for (unsigned int length : w) count *= length;
  if (count == 1 || (x.size() > 1 && w.size() == 1 && x[1] == count)) return MX_SUCCESS;
  if (w.size() > 1 && w.size() <= x.size() && std::equal(w.begin(), w.end(), x.begin())) return MX_SUCCESS;
  return failed(text(attributes, "formula") + " needs one value per channel on axis 1: it has " +
                std::to_string(count));
}

MXReturnValue infer_glu_shape(const Attributes& attributes, Shapes* in, Shapes* out) {
  (*out)[0] = (*in)[0];
  std::vector<unsigned int>& shape = (*out)[0];
  int64_t axis = (int64_t)numeric(attributes, "axis", "-1"), rank = (int64_t)shape.size();
  if (axis < 0) axis += rank;
  if (axis >= 0 && axis < rank && shape[axis] % 2 == 0) {
    shape[axis] /= 2;
    return MX_SUCCESS;
  }
  return failed("glu cuts an axis of even length in two, and axis " + text(attributes, "axis") + " is not one");
}

}  // namespace

#define OPERATOR(name, type, shape)                      \
  REGISTER_OP(name)                                      \
      .setForward(forward<type>, "cpu")                  \
      .setBackward(backward<type>, "cpu")                \
      .setParseAttrs(parse)                              \
      .setInferType(infer_type)                          \
      .setInferShape(shape);

OPERATOR(fused_activation, Activation, infer_shape)
OPERATOR(_npx_fused_activation, Activation, infer_shape)
OPERATOR(fused_glu, Glu, infer_glu_shape)
OPERATOR(_npx_fused_glu, Glu, infer_glu_shape)

MXReturnValue initialize(int) { return MX_SUCCESS; }

MX_INT_RET _msgSize() { return !said.empty(); }

MX_VOID_RET _msgGet(int, const char** message) {
  static thread_local std::string told;
  told.swap(said);
  said.clear();
  *message = told.c_str();
}

// For Python: the level at work, and the formulas, one after another.
extern "C" const char* gluon_activations_level() { return level().name; }
extern "C" const char* gluon_activations_formula(int i) {
  int n;
  const Formula* formulas = level().formulas(&n);
  return i < n ? formulas[i].name : nullptr;
}
