"""The explorer's theory of depth: by closed forms, by another quadrature, and by real nets in MXNet."""

import functools

import numpy
import pytest

from docs.tests.conftest import visiting
from gluon_activations import CATALOG, activations, get_activation
from tests.references import RECORDS

import mxnet as mx


@pytest.fixture(scope="module")
def page(browser, address):
    """The explorer, to compute with."""
    with visiting(browser, address) as visit:
        yield visit("explorer.html")


CHAIN = "([name, layers, scale, alike]) => chain(newCurve(name), layers, scale, alike)"
CORRELATIONS = """([name, spread, cs]) => {
  const curve = newCurve(name);
  return cs.map(correlationMap(curve, spread, known(curve)));
}"""
CRITICAL = "(name) => critical(moments(newCurve(name)))"
NET = "([name, layers, scale, alike, seed]) => realNet(newCurve(name), layers, scale, alike, seed)"


# -- means over normal numbers -----------------------------------------------------------------


@functools.cache
def rule(nodes):
    return numpy.polynomial.legendre.leggauss(nodes)


def normal_places(name, spread, reach=13, nodes=300):
    """Places and weights of a standard normal number, by Gauss's rule between the kinks."""
    nodes, weights = rule(nodes)
    places = [*CATALOG[name].kinks, *(sign * 10.0**power for sign in (-1, 1) for power in range(-3, 3))]
    ends = sorted({*range(-reach, reach + 1), *(x / spread for x in places if abs(x / spread) < reach)})
    ends = numpy.array(ends, dtype=float)
    half, middle = numpy.diff(ends) / 2, (ends[1:] + ends[:-1]) / 2
    z = (middle[:, None] + half[:, None] * nodes).ravel()
    return z, (half[:, None] * weights).ravel() * numpy.exp(-z * z / 2) / numpy.sqrt(2 * numpy.pi)


def mean_square(name, which, spread, **settings):
    z, weights = normal_places(name, spread, **settings)
    return (weights * RECORDS[name].float64(spread * z)[which] ** 2).sum()


def by_quadrature(name, layers, scale, **settings):
    """Signal and gradient factor of each layer."""
    signal, factors = [1.0], []
    for _ in range(layers):
        spread = scale * signal[-1]
        signal.append(mean_square(name, 0, spread, **settings) ** 0.5)
        factors.append(scale * mean_square(name, 1, spread, **settings) ** 0.5)
    return numpy.array(signal), numpy.array(factors)


@numpy.errstate(all="ignore")
def test_a_chain_of_layers_is_what_another_quadrature_gives(page):
    """As far as that has settled itself: not where an exponential or a wave outgrows its nodes."""
    settled = []
    for name in activations("elements"):
        for scale in (0.5, 1, 1.41, 2.5):
            found = page.evaluate(CHAIN, [name, 10, scale])
            signal, factors = by_quadrature(name, 10, scale)
            other, others = by_quadrature(name, 10, scale, reach=12, nodes=150)
            same = numpy.isclose(signal, other, 1e-6, 0)[1:] & numpy.isclose(factors, others, 1e-6, 0)
            count = int(numpy.cumprod(same).sum())
            settled.append(count)
            numpy.testing.assert_allclose(
                found["signal"][: count + 1], signal[: count + 1], rtol=1e-4, err_msg=f"{name} {scale}"
            )
            gradient = numpy.array(found["gradient"])
            passed = numpy.cumprod(factors[:count][::-1])[::-1]
            numpy.testing.assert_allclose(
                gradient[:count], passed * gradient[count], rtol=1e-4, err_msg=f"{name} {scale}"
            )
    assert min(settled) > 0 and numpy.mean(numpy.equal(settled, 10)) > 0.9


# -- two inputs --------------------------------------------------------------------------------

COSINES = numpy.array([0.0, 0.2, 0.5, 0.8, 0.95, 0.99, 0.999])


ANGLES = numpy.arccos(COSINES)
# Rectifier and step by Cho & Saul 2009, sine by its characteristic function; the step's quadrature is coarser.
CLOSED_FORMS = [
    ("relu", (numpy.sin(ANGLES) + (numpy.pi - ANGLES) * COSINES) / numpy.pi, 1e-4),
    ("binary_step", (numpy.pi - ANGLES) / numpy.pi, 1e-3),
    ("sine", numpy.sinh(COSINES) / numpy.sinh(1), 1e-4),
    ("identity", COSINES, 1e-4),
]


@pytest.mark.parametrize("name, form, tolerance", CLOSED_FORMS, ids=[name for name, *_ in CLOSED_FORMS])
def test_the_correlation_of_two_inputs_is_that_of_the_closed_forms(page, name, form, tolerance):
    found = page.evaluate(CORRELATIONS, [name, 1, COSINES.tolist()])
    numpy.testing.assert_allclose(found, form, rtol=0, atol=tolerance)


@numpy.errstate(all="ignore")
@pytest.mark.parametrize("name", activations("elements"))
def test_the_correlation_of_two_inputs_is_what_a_rule_in_two_dimensions_gives(page, name):
    """u and w are independent, v = c u + sqrt(1 - c²) w: the mean of f(u) f(v) over the mean of f²."""
    z, weights = normal_places(name, 1, reach=8, nodes=40)
    fu = RECORDS[name].float64(z)[0]
    for c in (0.2, 0.7, 0.95):
        v = c * z[:, None] + numpy.sqrt(1 - c * c) * z
        exact = (weights * fu) @ RECORDS[name].float64(v)[0] @ weights / (weights @ fu**2)
        (found,) = page.evaluate(CORRELATIONS, [name, 1, [c]])
        numpy.testing.assert_allclose(found, exact, rtol=0, atol=2e-3, err_msg=f"{name} {c}")


# -- order and chaos ---------------------------------------------------------------------------


def in_the_long_run(name, scale, layers=400):
    """The slope of the correlation map at 1 after many layers, for inputs of mean square 1."""
    q = scale**2
    for _ in range(layers):
        q = numpy.clip(scale**2 * mean_square(name, 0, q**0.5, nodes=24), 1e-9, 1e9)
    return scale**2 * mean_square(name, 1, q**0.5, nodes=24)


@numpy.errstate(all="ignore")
@pytest.mark.parametrize("name", activations("elements"))
def test_the_critical_scale_parts_order_from_chaos(page, name):
    found = page.evaluate(CRITICAL, name)
    if found is None:  # in order, however large the weights
        assert all(in_the_long_run(name, scale) < 1 for scale in (0.1, 1, 3, 10, 19))
    else:
        assert in_the_long_run(name, found * 0.97) < 1 < in_the_long_run(name, found * 1.03) * (1 + 1e-9)


# 1 / f'(0) of an odd function that saturates, and the root of 2 / (1 + slope²) of two lines.
KNOWN = [("tanh", 1), ("sine", 1), ("hard_tanh", 1), ("relu", 2**0.5), ("leaky_relu", (2 / 1.0001) ** 0.5)]


@pytest.mark.parametrize("name, exact", KNOWN)
def test_critical_scales_that_are_known(page, name, exact):
    assert page.evaluate(CRITICAL, name) == pytest.approx(exact, rel=2e-4)


# -- real nets ---------------------------------------------------------------------------------


def in_mxnet(name, layers, scale, alike, seed, width=1000, inputs=16):
    """Signal, gradient and correlation of one net in MXNet; the gradient is of a random sum of outputs."""
    draw = numpy.random.default_rng(seed).standard_normal
    one, other = draw((2, inputs, width))
    x = mx.nd.array(numpy.concatenate([one, alike * one + (1 - alike**2) ** 0.5 * other]))
    weights = [mx.nd.array(draw((width, width)) * scale / width**0.5) for _ in range(layers)]
    act, outputs = get_activation(name), [x]
    x.attach_grad()
    with mx.autograd.record():
        for weight in weights:
            outputs.append(act(mx.nd.FullyConnected(outputs[-1], weight, no_bias=True, num_hidden=width)))
    head = draw((2 * inputs, width))
    outputs[-1].backward(mx.nd.array(head))
    arrays = [output.asnumpy().astype(float) for output in outputs]
    first, second = arrays[-1][:inputs], arrays[-1][inputs:]
    cosine = (first * second).sum(1) / numpy.sqrt((first**2).sum(1) * (second**2).sum(1))
    return {
        "signal": [float((array**2).mean() ** 0.5) for array in arrays],
        "gradient": float((x.grad.asnumpy().astype(float) ** 2).mean() ** 0.5 / (head**2).mean() ** 0.5),
        "correlation": float(cosine.mean()),
    }


SCALES = [("relu", 1.0), ("relu", 2**0.5), ("tanh", 1.0), ("tanh", 2.0), ("silu", 1.0), ("gelu", 1.6)]
SCALES += [("sigmoid", 1.0), ("sigmoid", 10.0), ("selu", 1.0), ("hard_tanh", 1.5), ("softplus", 0.8)]


@pytest.mark.parametrize("name, scale", SCALES)
def test_real_nets_scatter_around_the_theory(page, name, scale, layers=8, count=6):
    """Within four standard errors of the nets' own mean, and two hundredths for a width that is not infinite."""
    theory = page.evaluate(CHAIN, [name, layers, scale, 0.5])
    nets = [in_mxnet(name, layers, scale, 0.5, seed) for seed in range(count)]
    expected = {
        "signal": numpy.array(theory["signal"]),
        "gradient": theory["gradient"][0],
        "correlation": theory["correlation"][-1],
    }
    for what, value in expected.items():
        found = numpy.array([net[what] for net in nets])
        allowed = 4 * found.std(axis=0, ddof=1) / count**0.5 + 0.02 * numpy.abs(value)
        assert (abs(found.mean(axis=0) - value) <= allowed).all(), (what, found.mean(axis=0), value, allowed)


@pytest.mark.parametrize("name, scale", [("relu", 2**0.5), ("tanh", 1.5), ("sigmoid", 1.0)])
def test_the_net_of_the_page_scatters_around_the_theory(page, name, scale, layers=5, count=16):
    theory = page.evaluate(CHAIN, [name, layers, scale, 0.5])
    nets = [page.evaluate(NET, [name, layers, scale, 0.5, seed]) for seed in range(1, count + 1)]
    for what in ("signal", "gradient", "correlation"):
        found = numpy.array([net[what] for net in nets])
        spread = found.std(axis=0, ddof=1)
        # The inputs, and the gradient at the last layer, are given.
        assert (spread > 0).sum() == layers and spread.max() < 0.3
        allowed = 4 * spread / count**0.5 + 0.02 * numpy.abs(theory[what])
        assert (abs(found.mean(axis=0) - theory[what]) <= allowed + 1e-12).all(), what


def test_the_net_of_the_page_is_the_same_each_time(page):
    one, same, other = (page.evaluate(NET, ["tanh", 4, 1.2, 0.3, seed]) for seed in (5, 5, 6))
    assert one == same != other


def test_random_numbers_are_normal(page):
    drawn = numpy.array(
        page.evaluate("() => { const next = normals(7); return Array.from({ length: 100000 }, next); }")
    )
    moments = [(drawn**power).mean() for power in range(1, 5)]
    numpy.testing.assert_allclose(moments, [0, 1, 0, 3], atol=0.06)
    assert abs(numpy.corrcoef(drawn[:-1], drawn[1:])[0, 1]) < 0.01
