"""Swapping the activations of other people's nets."""

import os

import numpy as np
import pytest

from gluon_activations import (
    ELU,
    Identity,
    Mish,
    SiLU,
    Softmax,
    Swish,
    activations,
    get_activation,
    replace_activations,
)
from gluon_activations._arrays import initialize_on
from gluon_activations.catalog import _name_of
from gluon_activations.nets._walk import walk

import mxnet as mx
from mxnet.gluon import Block, SymbolBlock, Trainer, loss, nn
from mxnet.gluon.model_zoo import vision


def names_in(net):
    return [_name_of(block) for _, block in walk(net) if _name_of(block)]


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
    assert replace_activations(net, Mish, replaces=np.array(["mish", "relu"])) == 4
    assert replace_activations(net, "elu") == 0


@pytest.mark.parametrize("name", activations("elements"))
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
    (dict(activation="silu", replaces=["relu", "tahn"]), ValueError, "'tahn'; nearest: tanh"),
    (dict(activation="silu", replaces="rele"), ValueError, "'rele'; nearest: relu"),
    (dict(activation="silu", replaces=None), TypeError, "^replaces is a name of the catalog or .*, not None$"),
    (dict(activation="silu", replaces="rrelu"), ValueError, "^rrelu draws numbers, so the catalog"),
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


@pytest.mark.parametrize("name", activations("elements"))
def test_a_net_that_is_an_activation_is_refused_only_if_it_is_asked_for(name):
    net = get_activation(name)
    for replaces in (name, "all", [name]):
        with pytest.raises(ValueError, match="the net itself is an activation"):
            replace_activations(net, Mish, replaces=replaces)
    other = next(each for each in activations("elements") if each != name)
    assert replace_activations(net, Mish, replaces=other) == 0


def test_all_leaves_what_acts_on_vectors():
    net = nn.HybridSequential()
    net.add(nn.Dense(4), ELU(), Identity(), get_activation("maxout", units=3), get_activation("glu"), Softmax())
    assert replace_activations(net, "silu", replaces="all") == 2
    assert names_in(net)[:2] == ["silu", "silu"] and names_in(net)[-2:] == ["glu", "softmax"]
    assert replace_activations(net, Identity, replaces="softmax") == 1 and isinstance(net[5], Identity)


def test_several_names_and_titles():
    assert replace_activations(mlp(), "silu", replaces=["relu", "Sigmoid"]) == 4
    assert replace_activations(mlp(), "silu", replaces=[]) == 0


def test_the_zoo_s_own_relu6():
    net = vision.mobilenet_v2_0_25(classes=3)
    assert replace_activations(net, "silu", replaces="relu6") == len(names_in(net)) > 30
    assert set(names_in(net)) == {"silu"}


def test_types_count_and_names_of_classes_do_not(arrays):
    class Softplus(nn.HybridSequential):
        """Somebody's own, with weights."""

    class Mine(Swish):
        """A child of ours, which is one."""

    inner = Softplus()
    inner.add(nn.Dense(3), Mine())
    net = nn.HybridSequential()
    net.add(inner, nn.Dense(2))
    assert replace_activations(net, "relu", replaces="softplus") == 0 and net[0] is inner
    assert replace_activations(net, "relu", replaces="swish") == 1 and names_in(net) == ["relu"]


def test_what_is_inside_of_a_swapped_one_is_not_counted(arrays):
    class Nested(SiLU):
        def __init__(self):
            super().__init__()
            self.inner = SiLU()

    net = nn.HybridSequential()
    net.add(Nested(), SiLU())
    assert replace_activations(net, Nested, replaces="silu") == 2
    assert replace_activations(net, "relu", replaces="silu") == 2


def test_a_container_in_two_places_is_counted_once():
    inner = nn.HybridSequential()
    inner.add(nn.Activation("relu"))
    net = nn.HybridSequential()
    net.add(inner, nn.Dense(3), inner)
    net[0].add(nn.Dense(2, activation="relu"))
    assert replace_activations(net, "silu") == 2


def test_attributes_that_hold_the_old_one_hold_the_new_one(arrays):
    class Net(nn.HybridBlock):
        def __init__(self):
            super().__init__()
            self.act = self.again = nn.Activation("relu")
            self._layers = 3  # somebody's own attribute

    net = Net()
    replace_activations(net, "silu")
    assert net.act is net.again and isinstance(net.act, SiLU) and net._layers == 3
    other, silu = object(), net.act
    net._layers = [other, net.act]  # as Gluon 2's Sequential does
    replace_activations(net, "relu", replaces="silu")
    assert net._layers == [other, net.act] and silu is not net.act


def test_graphs_inside_are_built_anew_too(arrays):
    inner = nn.HybridSequential()
    inner.add(nn.Dense(3, in_units=4), nn.Activation("relu"))
    net = nn.Sequential()
    net.add(inner)
    net.initialize()
    net.hybridize()
    x = arrays(np.random.randn(2, 4))
    before = net(x).asnumpy()
    replace_activations(net, "tanh")
    assert not np.allclose(net(x).asnumpy(), before) and inner._active


def test_new_ones_follow_the_net_in_dtype_but_only_where_it_is_ready(arrays):
    net = mlp()
    replace_activations(net, lambda: Swish(learnable=True))
    beta = net[1][1].beta
    assert beta._data is None and np.dtype(beta.dtype) == np.float32
    net = nn.HybridSequential()
    net.add(nn.Dense(2, in_units=2), nn.Activation("relu"), nn.Dense(2))
    initialize_on(net, mx.cpu())
    net.cast("float64")
    replace_activations(net, lambda: Swish(learnable=True))
    assert np.dtype(net[1].beta.dtype) == np.float64 and net[1].beta._data is not None
    assert net[1].beta.list_ctx() == net[0].weight.list_ctx()
    before = [id(p.data()) for p in net[0].collect_params().values()]
    assert [id(p.data()) for p in net[0].collect_params().values()] == before


def test_a_factory_of_nothing_and_a_number_are_refused():
    with pytest.raises(TypeError, match=r"name or a factory \(a class, a function\), not 3"):
        replace_activations(mlp(), 3)


def test_what_a_forward_pass_finds_in_lists_is_swapped_there(arrays):
    class Net(Block):
        def __init__(self):
            super().__init__()
            self.one, self.two, self.three = (nn.Activation("relu") for _ in "123")
            self.held = {"a": [self.one, (self.two, "b")], "c": 3}
            self.pair = (self.three, self.one)
            self.other = (1, 2)

        def forward(self, x):
            (one, (two, _)), (three, _) = self.held["a"], self.pair
            return one(two(three(x)))

    net = Net()
    other = net.other
    assert replace_activations(net, "tanh") == 3
    first, (second, name) = net.held["a"]
    assert (first, second, name) == (net.one, net.two, "b") and net.pair == (net.three, net.one)
    assert net.held["c"] == 3 and net.other is other and names_in(net) == ["tanh"] * 3
    x = np.array([[0.5, -0.5]])
    np.testing.assert_allclose(net(arrays(x)).asnumpy(), np.tanh(np.tanh(np.tanh(x))), rtol=1e-6)


def test_a_net_whose_shapes_are_not_known_yet_is_as_ready_as_any(arrays):
    net = mlp()
    net.initialize()
    replace_activations(net, "prelu")
    assert net(arrays(np.ones((1, 7)))).shape == (1, 3)
    net = mlp()
    net.cast("float64")
    net.initialize(mx.init.One())
    replace_activations(net, lambda: Swish(learnable=True))
    assert net(arrays(np.ones((1, 7)), "float64")).dtype == np.float64


def test_new_ones_have_the_dtype_that_most_numbers_have(arrays):
    net = nn.HybridSequential()
    net.add(nn.BatchNorm(in_channels=3), nn.Dense(4, in_units=3), nn.Activation("relu"))
    net.initialize()
    net[1].cast("float64")
    replace_activations(net, lambda: Swish(learnable=True))
    assert np.dtype(net[2].beta.dtype) == np.float64


@pytest.mark.parametrize("ready, dtype", [(True, "float64"), (False, "float32")])
def test_numbers_that_are_not_there_yet_do_not_count(ready, dtype):
    """Two parameters in float32 that wait, and one in float64; where all wait, the first one's dtype counts."""
    net = nn.HybridSequential()
    net.add(nn.Dense(1, in_units=1), nn.Dense(1, in_units=1, use_bias=False), nn.Activation("relu"))
    net[1].cast("float64")
    if ready:
        initialize_on(net[1], mx.cpu())
    replace_activations(net, lambda: Swish(learnable=True))
    beta = net[2].beta
    assert np.dtype(beta.dtype) == np.dtype(dtype) and (beta._data is not None) == ready


def test_one_parameter_that_is_ready_is_enough(arrays):
    net = nn.HybridSequential()
    net.add(nn.Dense(2, in_units=2, use_bias=False), nn.Activation("relu"))
    initialize_on(net, mx.cpu(1))
    replace_activations(net, lambda: Swish(learnable=True))
    assert net[1].beta.list_ctx() == [mx.cpu(1)]


def test_nothing_is_replaced_where_one_cannot_be(arrays):
    made = []

    def factory():
        made.append(1)
        return Mish() if len(made) < 3 else nn.Lambda(lambda x: x)

    net = mlp()
    with pytest.raises(
        TypeError, match=r"Dense is a HybridBlock and takes no other inside: Lambda\(<lambda>\) is"
    ):
        replace_activations(net, factory)
    assert names_in(net) == ["relu", "relu", "relu", "sigmoid"]
    plain = nn.Sequential()
    plain.add(nn.Activation("relu"))
    assert replace_activations(plain, factory) == 1 and isinstance(plain[0], nn.Lambda)


@pytest.mark.parametrize("known", [nn.Activation, nn.LeakyReLU, nn.PReLU, nn.ELU, nn.Swish, nn.GELU, nn.SELU])
def test_children_of_mxnet_s_own_are_known(known):
    class Softmax(known):
        """Called like another."""

    net = nn.HybridSequential()
    net.add(Softmax(*{nn.Activation: ["tanh"], nn.LeakyReLU: [0.1]}.get(known, [])))
    assert replace_activations(net, "silu", replaces="softmax") == 0
    assert replace_activations(net, "silu", replaces="all") == 1
