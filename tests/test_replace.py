"""Swapping the activations of other people's nets."""

import os

import mxnet as mx
import numpy as np
import pytest
from tests.conftest import LINE
from mxnet.gluon import SymbolBlock, Trainer, loss, nn
from mxnet.gluon.model_zoo import vision

from gluon_activations import Mish, SiLU, Swish, activations, get_activation, replace_activations
from gluon_activations.blocks import initialize_on
from gluon_activations.replace import _blocks, name_of


def names_in(net):
    return [name_of(block) for block in _blocks(net, set()) if name_of(block)]


def mlp():
    net = nn.HybridSequential()
    inner = nn.HybridSequential()
    inner.add(nn.Dense(5), nn.Activation("relu"), nn.Dense(4, activation="relu"))
    net.add(nn.Dense(6, activation="relu"), inner, nn.Dense(3), nn.Activation("sigmoid"))
    return net


def test_swaps_at_any_depth_and_nothing_else(arrays):
    net = mlp()
    net.initialize()
    x = arrays(np.random.randn(2, 7))
    before = net(x).asnumpy()
    assert replace_activations(net, "silu") == 3
    assert names_in(net) == ["silu", "silu", "silu", "sigmoid"]
    assert not np.allclose(net(x).asnumpy(), before)
    assert replace_activations(net, "relu", replaces="silu") == 3
    np.testing.assert_array_equal(net(x).asnumpy(), before)
    assert replace_activations(net, Mish, replaces="all") == 4
    assert replace_activations(net, "elu") == 0


@pytest.mark.parametrize("name", activations())
def test_every_name_and_factory(arrays, name):
    net = mlp()
    net.initialize()
    x = arrays(np.random.randn(2, 7))
    net(x)
    assert replace_activations(net, name) == 3
    eager = net(x).asnumpy()
    net.hybridize()
    np.testing.assert_allclose(net(x).asnumpy(), eager, rtol=1e-6, atol=1e-7)


def test_a_hybridized_net_builds_its_graph_anew(arrays):
    net = mlp()
    net.initialize()
    net.hybridize()
    x = arrays(np.random.randn(2, 7))
    before = net(x).asnumpy()
    assert replace_activations(net, lambda: Swish(2.0)) == 3
    hybrid = net(x).asnumpy()
    assert net._active and not np.allclose(hybrid, before)
    net.hybridize(False)
    np.testing.assert_allclose(net(x).asnumpy(), hybrid, rtol=1e-6)


def test_parameters_of_the_new_ones_are_initialised_and_trained(arrays):
    net = mlp()
    net.initialize()
    x = arrays(np.random.randn(2, 7))
    net(x)
    replace_activations(net, lambda: Swish(learnable=True))
    with mx.autograd.record():
        y = net(x).sum()
    y.backward()
    betas = [p for name, p in net.collect_params().items() if name.endswith("beta")]
    assert len(betas) == 3 and all(p.grad().asnumpy()[0] != 0 for p in betas)


def test_before_initialisation_and_in_float64(arrays):
    net = mlp()
    replace_activations(net, "prelu")
    net.initialize()
    assert net(arrays(np.ones((1, 7)))).shape == (1, 3)
    net = nn.HybridSequential()
    net.add(nn.Dense(2, in_units=2), nn.Activation("relu"))
    net.initialize()
    net.cast("float64")
    replace_activations(net, lambda: Swish(learnable=True))
    assert net(arrays(np.ones((1, 2)), "float64")).dtype == np.float64


def test_a_block_used_twice_stays_one(arrays):
    shared = nn.Activation("relu")
    net = nn.HybridSequential()
    net.add(nn.Dense(2), shared, nn.Dense(2), shared)
    assert replace_activations(net, "silu") == 2
    assert net[1] is net[3] and isinstance(net[1], SiLU)


def test_a_model_of_the_zoo_trains_exports_and_loads(arrays, tmp_path):
    with mx.util.np_shape(arrays.kind == "np"):  # legacy shapes, where 0 means "not known yet"
        zoo_model(arrays, tmp_path)


def zoo_model(arrays, tmp_path):
    net = vision.mobilenet0_25(classes=4)
    initialize_on(net, arrays.device)
    x, y = arrays(np.random.randn(2, 3, 32, 32)), arrays([0, 3])
    before = net(x).asnumpy()
    count = len(names_in(net))
    assert replace_activations(net, "silu") == count > 20
    assert set(names_in(net)) == {"silu"}
    net.hybridize()
    trainer = Trainer(net.collect_params(), "sgd", {"learning_rate": 0.01})
    with mx.autograd.record():
        step = loss.SoftmaxCrossEntropyLoss()(net(x), y)
    step.backward()
    trainer.step(2)
    after = net(x).asnumpy()
    assert np.isfinite(after).all() and not np.allclose(after, before)
    net.export(os.path.join(tmp_path, "net"))
    files = [os.path.join(tmp_path, name) for name in ("net-symbol.json", "net-0000.params")]
    loaded = SymbolBlock.imports(files[0], ["data"], files[1], arrays.device)
    np.testing.assert_allclose(loaded(x).asnumpy(), after, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("wrong, error, message", [
    (dict(activation="geluu"), ValueError, "'geluu'; nearest: gelu"),
    (dict(activation="silu", replaces="rele"), ValueError, "'rele'; nearest: relu"),
    (dict(activation=SiLU()), TypeError, r"name or a factory .* not SiLU\(\)"),
    (dict(activation=lambda: 3), TypeError, "made no block, but 3"),
])  # fmt: skip
def test_refuses(wrong, error, message):
    with pytest.raises(error, match=message):
        replace_activations(mlp(), **wrong)


def test_refuses_what_has_nothing_inside():
    with pytest.raises(ValueError, match="the net itself is an activation"):
        replace_activations(nn.Activation("relu"), "silu")
    with pytest.raises(TypeError, match="the net is a Gluon block, not 'net'"):
        replace_activations("net", "silu")


def test_names_of_blocks():
    for name in activations():
        assert name_of(get_activation(name)) == name
    assert name_of(nn.Activation("softrelu")) == "softplus"
    assert name_of(nn.SELU()) == "selu" and name_of(nn.Swish()) == "swish"
    assert name_of(nn.Dense(1)) is None
    assert LINE == "1.9" or name_of(nn.SiLU()) == "silu"
