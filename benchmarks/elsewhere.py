"""PyTorch or JAX, run for `benchmarks.bench` and `benchmarks.accuracy`, in an environment with both.

    python -m benchmarks.elsewhere torch THREADS        # or jax

MXNet cannot be installed beside them, and is not needed here, nor is this package: the environment of
`make frameworks` will do, or one of your own.
"""

import ast
import gc
import os
import sys

import numpy as np

from benchmarks import nets, turns


def called(code, modules):
    """The function that an expression is: of x if that stands in it, or the layer that it makes."""
    at_x = any(isinstance(node, ast.Name) and node.id == "x" for node in ast.walk(ast.parse(code)))
    return eval(f"lambda x: {code}" if at_x else code, dict(modules))


def weights(shape, weighted):
    """What each element of a result counts in the sum whose gradient is taken: unlike for what acts on vectors."""
    return np.cos(1 + np.arange(np.prod(shape))).reshape(shape) if weighted else np.ones(shape)


def normal(size):
    """The input."""
    return np.random.default_rng(0).normal(size=(size // 100, 100)).astype(np.float32)


class Torch:
    """PyTorch, eager or compiled."""

    def __init__(self, threads):
        import torch

        self.torch, self.arrays = torch, {}
        torch.set_num_threads(threads)

    def versions(self):
        """What is at work."""
        return {"PyTorch": self.torch.__version__.partition("+")[0]}

    def inputs(self, size):
        """Input and gradient of the result, of one size at a time."""
        if size not in self.arrays:
            x = self.torch.tensor(normal(size), requires_grad=True)
            self.arrays = {size: (x, self.torch.ones_like(x))}
        return self.arrays[size]

    def one_pass(self, code, way, size, backward):
        """A function that runs an activation once."""
        (x, ones), function = self.inputs(size), called(code, {"torch": self.torch})
        if way == "compiled":
            function = self.torch.compile(function, dynamic=False)

        def forward():
            with self.torch.no_grad():
                function(x)

        def both():
            x.grad = None
            function(x).backward(ones)

        return both if backward else forward

    def kept(self, code, size):
        """Bytes in memory between forward and backward, beyond the input and the result."""
        (x, ones), function = self.inputs(size), called(code, {"torch": self.torch})
        for _ in range(2):
            gc.collect()
            x.grad = None
            before = turns.resident()
            y = function(x)
            more = turns.resident() - before - 4 * size
            y.backward(ones)
            del y
        return more

    def mobilenet(self, activation):
        """MobileNet as MXNet's model zoo has it."""
        nn = self.torch.nn

        def layer(given, channels, **options):
            convolution = nn.Conv2d(given, channels, bias=False, **options)
            return convolution, nn.BatchNorm2d(channels), activation()

        layers, given = [*layer(3, nets.FIRST, kernel_size=3, stride=2, padding=1)], nets.FIRST
        for channels, stride in nets.PAIRS:
            layers += layer(given, given, kernel_size=3, stride=stride, padding=1, groups=given)
            layers += layer(given, channels, kernel_size=1)
            given = channels
        return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(given, nets.CLASSES))

    def transformer(self, activation, gated):
        """A block of a transformer, and a layer that classifies."""
        torch, nn = self.torch, self.torch.nn

        class Attention(nn.Module):
            def __init__(self):
                super().__init__()
                self.project, self.out = nn.Linear(nets.WIDTH, 3 * nets.WIDTH), nn.Linear(nets.WIDTH, nets.WIDTH)

            def forward(self, x):
                batch, tokens, width = x.shape
                parts = self.project(x).chunk(3, -1)
                q, k, v = (part.view(batch, tokens, nets.HEADS, -1).transpose(1, 2) for part in parts)
                scores = q @ k.transpose(2, 3) * (width // nets.HEADS) ** -0.5
                return self.out((torch.softmax(scores, -1) @ v).transpose(1, 2).reshape(x.shape))

        class Gate(nn.Module):
            def __init__(self):
                super().__init__()
                self.activation = activation()

            def forward(self, x):
                left, right = x.chunk(2, -1)
                return left * self.activation(right)

        class Residual(nn.Module):
            def __init__(self, branch):
                super().__init__()
                self.norm, self.branch = nn.LayerNorm(nets.WIDTH), branch

            def forward(self, x):
                return x + self.branch(self.norm(x))

        wide = nets.INNER * (1 + gated)
        last = nn.Sequential(
            nn.Linear(nets.WIDTH, wide), Gate() if gated else activation(), nn.Linear(nets.INNER, nets.WIDTH)
        )
        tokens = nets.SHAPES["transformer"][1]
        return nn.Sequential(
            Residual(Attention()), Residual(last), nn.Flatten(), nn.Linear(tokens * nets.WIDTH, nets.CLASSES)
        )

    def one_step(self, model, code, gated):
        """A function that trains a net by one batch."""
        torch = self.torch

        class Activation(torch.nn.Module):
            def __init__(self):
                super().__init__()
                self.function = called(code, {"torch": torch})

            def forward(self, x):
                return self.function(x)

        net = self.mobilenet(Activation) if model == "mobilenet" else self.transformer(Activation, gated)
        x = torch.randn(nets.SHAPES[model])
        y = torch.arange(len(x)) % nets.CLASSES
        trainer = torch.optim.SGD(net.parameters(), lr=nets.SGD["learning_rate"], momentum=nets.SGD["momentum"])

        def run():
            trainer.zero_grad()
            torch.nn.functional.cross_entropy(net(x), y).backward()
            trainer.step()

        return run

    def values(self, code, xs):
        """Value and slope at each number."""
        x = self.torch.tensor(xs, requires_grad=True)
        y = called(code, {"torch": self.torch})(x)
        if y.requires_grad:  # if not, it is constant to autograd
            y.sum().backward()
        return y.detach().numpy(), np.zeros_like(xs) if x.grad is None else x.grad.numpy()


class Jax:
    """JAX, jitted."""

    def __init__(self, threads):
        if threads == 1:  # it takes a thread for each processor that it may use
            os.sched_setaffinity(0, [max(os.sched_getaffinity(0))])
        import jax

        self.jax, self.arrays = jax, {}

    def versions(self):
        """What is at work."""
        return {"JAX": self.jax.__version__}

    def inputs(self, size):
        """Input and gradient of the result, of one size at a time."""
        if size not in self.arrays:
            x = self.jax.numpy.asarray(normal(size))
            self.arrays = {size: (x, self.jax.numpy.ones_like(x))}
        return self.arrays[size]

    def one_pass(self, code, way, size, backward):
        """A function that runs an activation once."""
        (x, ones), function = self.inputs(size), called(code, {"jax": self.jax})
        forward = self.jax.jit(function)

        @self.jax.jit
        def both(x, ones):
            y, pull = self.jax.vjp(function, x)
            return y, pull(ones)[0]

        if backward:
            return lambda: self.jax.block_until_ready(both(x, ones))
        return lambda: forward(x).block_until_ready()

    def kept(self, code, size):
        """Bytes in memory between forward and backward, beyond the input and the result."""
        (x, ones), function = self.inputs(size), self.jax.jit(called(code, {"jax": self.jax}))
        for _ in range(2):
            gc.collect()
            before = turns.resident()
            y, pull = self.jax.vjp(function, x)
            self.jax.block_until_ready((y, pull))
            more = turns.resident() - before - 4 * size
            pull(ones)[0].block_until_ready()
            del y, pull
        return more

    def values(self, code, xs):
        """Value and slope at each number."""
        y, pull = self.jax.vjp(called(code, {"jax": self.jax}), self.jax.numpy.asarray(xs))
        return np.asarray(y), np.asarray(pull(self.jax.numpy.ones_like(y))[0])


def main(framework, threads):
    """Serve one framework."""
    library = {"torch": Torch, "jax": Jax}[framework](int(threads))

    def make(what, **about):
        return {"pass": library.one_pass, "step": getattr(library, "one_step", None)}[what](**about)

    def values(code, inputs, results):
        np.save(results, np.stack(library.values(code, np.load(inputs))))

    turns.serve(make, values=values, kept=library.kept, versions=library.versions)


if __name__ == "__main__":
    main(*sys.argv[1:])
