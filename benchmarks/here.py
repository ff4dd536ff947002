"""The blocks of this package and of MXNet itself, run for `benchmarks.bench` on the MXNet at hand.

python -m benchmarks.here [repaired] THREADS
"""

import gc
import sys

from benchmarks import nets, turns
from gluon_activations import CATALOG, fused, get_activation, repair, replace_activations

import mxnet as mx
from mxnet.gluon import Trainer, loss, nn
from mxnet.gluon.model_zoo import vision

ARRAYS = {}  # of one size at a time: input, and gradient of the result


def block_of(name, whose):
    """A new block: ours, compiled or composed, or MXNet's own, or what does as little as can be done."""
    if whose in ("fused", "composed"):
        return CATALOG[name].block()
    return nn.Activation("relu") if whose == "relu" else CATALOG[name].builtin.make()


def arrays(size):
    """Normal numbers and a gradient of ones."""
    if size not in ARRAYS:
        ARRAYS.clear()
        x = mx.np.random.normal(size=(size // 100, 100))
        x.attach_grad()
        ARRAYS[size] = x, mx.np.ones_like(x)
        mx.npx.waitall()
    return ARRAYS[size]


def switch(whose):
    """Put the kernels to work, or not."""
    if whose == "composed":
        fused.disable()
    elif not fused.enable(build_first=False):
        raise RuntimeError(fused.why_not())


def function_of(name, whose, way):
    """What is called with an array: a block, hybridized or not, or the copy."""
    if whose == "copy":
        return mx.np.copy
    block = block_of(name, whose)
    block.initialize()
    if way == "static":
        block.hybridize(static_alloc=True, static_shape=True)
    return block


def one_pass(name, whose, way, size, backward):
    """A function that runs a block once, and waits for what comes out."""
    (x, ones), function = arrays(size), function_of(name, whose, way)

    def forward():
        switch(whose)
        function(x).wait_to_read()

    def both():
        switch(whose)
        with mx.autograd.record():
            y = function(x)
        y.backward(ones)
        x.grad.wait_to_read()

    return both if backward else forward


def kept(name, whose, way, size):
    """Bytes in memory between forward and backward, beyond the input and the result."""
    (x, ones), function = arrays(size), function_of(name, whose, way)
    switch(whose)
    for _ in range(2):  # the first builds the graph
        gc.collect()
        before = turns.resident()
        with mx.autograd.record():
            y = function(x)
        y.wait_to_read()
        mx.npx.waitall()
        bytes_more = turns.resident() - before - 4 * size * (way == "eager")
        y.backward(ones)
        x.grad.wait_to_read()
        del y
        mx.npx.waitall()
    return bytes_more


class Attention(mx.gluon.HybridBlock):
    """Self-attention of several heads."""

    def __init__(self):
        super().__init__()
        with self.name_scope():
            self.project = nn.Dense(3 * nets.WIDTH, flatten=False)
            self.out = nn.Dense(nets.WIDTH, flatten=False)

    def hybrid_forward(self, F, x):
        """Each token looks at all."""
        parts = F.split(self.project(x), 3, axis=-1)
        q, k, v = (
            F.reshape(F.transpose(F.reshape(part, (0, 0, nets.HEADS, -1)), (0, 2, 1, 3)), (-3, 0, 0))
            for part in parts
        )
        scores = F.batch_dot(q, k, transpose_b=True) * (nets.WIDTH // nets.HEADS) ** -0.5
        found = F.batch_dot(F.softmax(scores), v)
        return self.out(
            F.reshape(F.transpose(F.reshape(found, (-4, -1, nets.HEADS, 0, 0)), (0, 2, 1, 3)), (0, 0, -3))
        )


class Residual(mx.gluon.HybridBlock):
    """Input plus the branch of the normalized input."""

    def __init__(self, branch):
        super().__init__()
        with self.name_scope():
            self.norm = nn.LayerNorm()
            self.branch = branch

    def hybrid_forward(self, F, x):
        """Add the branch."""
        return x + self.branch(self.norm(x))


def net_of(model, name):
    """A new net of `benchmarks.nets` with an activation."""
    if model == "mobilenet":
        net = vision.mobilenet0_25(classes=nets.CLASSES)
        net.initialize()
        replace_activations(net, name)
        return net
    gated = name in nets.GATED
    last = nn.HybridSequential()
    last.add(
        nn.Dense(nets.INNER * (1 + gated), flatten=False),
        *[get_activation("glu", activation=nets.GATED[name]) if gated else get_activation(name)],
        nn.Dense(nets.WIDTH, flatten=False),
    )
    net = nn.HybridSequential()
    net.add(Residual(Attention()), Residual(last), nn.Dense(nets.CLASSES))
    net.initialize()
    return net


def one_step(model, name, whose):
    """A function that trains a net by one batch, on MXNet's older kind of array."""
    mx.npx.reset_np()
    switch(whose)
    net = net_of(model, name)
    net.hybridize(static_alloc=True, static_shape=True)
    x = mx.nd.random.normal(shape=nets.SHAPES[model])
    y = mx.nd.array([i % nets.CLASSES for i in range(x.shape[0])])
    criterion = loss.SoftmaxCrossEntropyLoss()
    criterion.hybridize()
    net(x)
    trainer = Trainer(net.collect_params(), "sgd", nets.SGD)

    def run():
        switch(whose)
        with mx.autograd.record():
            errors = criterion(net(x), y)
        errors.backward()
        trainer.step(x.shape[0])
        mx.nd.waitall()

    return run


def make(what, **about):
    """What is to be timed."""
    return {"pass": one_pass, "step": one_step}[what](**about)


if __name__ == "__main__":
    mx.npx.set_np()
    if "repaired" in sys.argv:
        repair(verbose=False)
    turns.serve(make, kept=kept, versions=lambda: {"MXNet": mx.__version__, "kernels": fused.level()})
