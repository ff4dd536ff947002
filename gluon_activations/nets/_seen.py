"""One training step of somebody's net as NumPy sees it: data, signal, slopes, gradients, losses."""

from __future__ import annotations

import functools
from typing import Any, NamedTuple

import mxnet as mx
from mxnet.gluon import Block, nn, rnn

from .._arrays import WITH_ACTIVATION, device_of, own_parameters
from ._slope import slope_of
from ._walk import arrays_in, batch_of, calls_of, first_array, name_at, opened, walk
from .statistics import gradients_of


class Layer(NamedTuple):
    """One call of a layer, as in training."""

    name: str
    block: Block
    x: Any
    output: Any
    slope: Any  # None for what is no activation

    @property
    def weighs(self) -> bool:
        """Whether this layer has weights that mix its inputs."""
        return any(_is_matrix(name, p) for name, p in own_parameters(self.block).items())


class Gradient(NamedTuple):
    """A trained parameter with its gradient."""

    layer: str
    key: str
    parameter: Any
    weight: Any
    values: Any

    @property
    def weighs(self) -> bool:
        """Whether these are weights that mix a layer's inputs, no bias and no scale."""
        return _is_matrix(self.key, self.parameter)


class Seen:
    """What one training step of a net shows, and how the net answers when its batch is changed."""

    def __init__(self, net: Block, x: Any, y: Any, loss: Any) -> None:
        self.net, self.loss, self.inputs = net, loss, batch_of(net, x)
        self.x = [_numbers(each) for each in arrays_in(self.inputs)]
        self.y = _numbers(y)
        self._labels = y

    @property
    def samples(self) -> int:
        """How many samples the batch has, if they are on its first axis."""
        return len(self.x[0]) if self.x[0].ndim else 1

    @functools.cached_property
    def calls(self) -> list[Layer]:
        """The layers in the order of their calls."""
        with opened(self.net, True):
            calls = calls_of(self.net, lambda: self.net(*self.inputs), True)
            return [
                Layer(call.layer, call.block, _numbers(call.x), _numbers(call.output), slope_of(call))
                for call in calls
            ]

    @property
    def last(self) -> int:
        """Where among the calls the last one is of a layer with weights; -1 if there is none."""
        return max((place for place, call in enumerate(self.calls) if call.weighs), default=-1)

    @functools.cached_property
    def _step(self) -> tuple[list[Gradient], Any]:
        found, losses = gradients_of(self.net, self.inputs, self._labels, self.loss, True, True)
        numbers = [(layer, key, p, _numbers(p.data(device_of(g))), _numbers(g)) for layer, key, p, g in found]
        return [Gradient(*each) for each in numbers], _numbers(losses)

    @property
    def gradients(self) -> list[Gradient]:
        """The gradient of the mean loss for each trained parameter, in the order of the first calls."""
        return self._step[0]

    @property
    def losses(self) -> Any:
        """What the loss gives; None where nothing is trained."""
        return self._step[1]

    @functools.cached_property
    def parameters(self) -> list[tuple[str, str, Any]]:
        """Layer, name and parameter of all that the net holds, each once."""
        found: dict[int, tuple[str, str, Any]] = {}
        for path, block in walk(self.net):
            for key, p in own_parameters(block).items():
                found.setdefault(id(p), (name_at(path, block), key, p))
        return [each for each in found.values() if each[2]._data is not None]

    @functools.cached_property
    def answer(self) -> tuple[Any, Any]:
        """What :meth:`answer_to` says of the batch as it is."""
        return self.answer_to(lambda values: values)

    def answer_to(self, change: Any) -> tuple[Any, Any]:
        """Output, and what the last layer with weights gives, out of training, for a batch that was changed."""
        given = _changed(self.inputs, change, self.samples)
        outputs: list[Any] = []
        with opened(self.net):
            calls = calls_of(self.net, lambda: outputs.append(first_array(self.net(*given))), False)
            weighing = [call for call in calls if Layer(*call, None).weighs]
            (output,) = outputs
            if output is None:
                raise ValueError("the net gives no array, so there is no output to look at")
            return _numbers(output), _numbers(weighing[-1].output) if weighing else None


_UNITS_LAST = (nn.Dense, nn.LayerNorm, nn.Embedding, rnn.RecurrentCell, rnn.RNN, rnn.LSTM, rnn.GRU)


def unit_axis(calls: list[Layer], place: int) -> int:
    """The axis of the units in what a call gave: by the last layer with weights before it."""
    for call in reversed(calls[: place + 1]):
        if isinstance(call.block, _UNITS_LAST):
            return -1
        if isinstance(call.block, WITH_ACTIVATION):
            return int(call.block._kwargs["layout"].index("C"))
    return 1


def _is_matrix(name: str, p: Any) -> bool:
    return len(p.shape or ()) > 1 or name == "rnn_param"  # all weights of a recurrent layer of 2.x in one row


def _numbers(values: Any) -> Any:
    """An array for NumPy in double precision; None of anything else."""
    return values.asnumpy().astype("float64") if isinstance(values, mx.nd.NDArray) else None


def _changed(values: Any, change: Any, samples: int) -> Any:
    """The same inputs, with each array that has the samples on its first axis changed."""
    if type(values) in (list, tuple):
        return type(values)(_changed(each, change, samples) for each in values)
    if type(values) is dict:
        return {key: _changed(each, change, samples) for key, each in values.items()}
    if not isinstance(values, mx.nd.NDArray) or values.ndim == 0 or values.shape[0] != samples:
        return values
    changed = values.copy()
    changed[:] = change(values.asnumpy())
    return changed
