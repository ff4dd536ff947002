"""The looks that diagnose takes at a net, one function each, and from where on something is a finding."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from operator import itemgetter
from typing import Any, Callable

import numpy

from mxnet.gluon import Block, nn
from mxnet.gluon import loss as losses

from .._arrays import WITH_ACTIVATION, own_parameters
from .._wording import number
from ..catalog import CATALOG, _name_of
from ..initialize import _was_given_its_own
from ._seen import Layer, Seen, unit_axis
from ._walk import arrays_in, name_at, walk
from .output import misfit

# From where on something is a finding. `make clinic` measures what these miss and what they raise for nothing.
FEWEST = 8  # samples: with fewer, half of a healthy ReLU layer may be off for all of them by chance
ALIKE = 1e-3  # units whose weights and gradients differ by no more, of the largest, do not part any more
STRAIGHT = 1e-5  # float32 computes a straight net's midpoints to some 1e-6 of their size
FAR = 3.0  # spread of the inputs with which bends are looked for
MIXED = 1e-3  # of the output's size: what another sample may change through the order of sums is 1e-6
LARGE, SMALL = 10.0, 0.1  # root mean square of an input, and length of a sample: layers expect about 1
BURIED = 0.1  # variance of the widest feature over the epsilon that a BatchNorm adds: with 0.1 a net learns yet
UNEVEN = 100.0  # the widest feature over the median one: its weights decide alone
OFF_CENTRE = 10.0  # mean over spread of a typical feature: all samples look the same to the first layer
TARGETS = 30.0  # root mean square of what a regression is to reach: outputs start at about 1
DEAD = 0.7  # of a layer's units: a deep ReLU net that learns may have six tenths that a small batch does not reach
FLAT = 0.01  # slope under which an activation is saturated, as layer_statistics has it
SATURATED = 0.9  # of a layer's values: a trained hard tanh may have four fifths
FADED = 1e-3  # spread of the samples before the last layer, of that of the input: a net that learns has 5e-3
BLOWN_UP = 300.0  # the same, the other way: a net that learns has 20
LOST = 1e-3  # gradient of the first layer's weights, of the largest: a net that learns has 1e-2
STEEP = 300.0  # gradient of the first layer's weights over that of the last: a net that learns has 20
HARD = 10.0  # length of all gradients over that of all weights: a net that learns has 1

# New weights, also for a net that has some.
ANEW = "net.initialize(initializer(net), force_reinit=True)"
# All that may be found, with its cure; an empty one depends on what was seen.
CURES = {
    "nan or infinity in the data": "Find where they come from: a missing value, a division by a spread of 0, a "
    "logarithm of 0.",
    "nan or infinity in the parameters": "They stay once they are there: initialise the net anew, with "
    "force_reinit=True, and train with a smaller learning rate or with clipped gradients.",
    "labels that the loss does not mean": "",
    "output and labels of different shapes": "Give both one shape, as by y.reshape((-1, 1)).",
    "numbers that the embedding does not have": "Make the embedding as large as the vocabulary, or map what is "
    "unknown to a number of its own.",
    "units that are all alike": f"Initialise with random weights: {ANEW}.",
    "no nonlinearity": "Put an activation after each layer but the last.",
    "softmax over the wrong axis": "Take the axis of the classes, mostly -1; and before SoftmaxCrossEntropyLoss "
    "no softmax at all.",
    "samples that mix": "Look for a layer that wants another layout (Gluon's recurrent layers take time first, "
    "unless layout='NTC'), for a reshape across axis 0, and for a softmax or mean over axis 0.",
    "double softmax": "",
    "output that does not suit the loss": "",
    "frozen parameters": "net.collect_params().setattr('grad_req', 'write'), unless they are to stay as they are.",
    "unused parameters": "Call the block in the forward pass, or take it out of the net.",
    "unscaled inputs": "Subtract each feature's mean over the training set and divide by its spread (by 1 where "
    "that is 0); a BatchNorm in front does it too, if the variance is far above its epsilon, 1e-5.",
    "unscaled targets": "Subtract the mean of y and divide by its spread; undo it for predictions.",
    "dead units": f"Initialise anew with biases of 0: {ANEW}; then, so that it does not return, a smaller "
    "learning rate, or a leaky form of the activation.",
    "saturated units": f"Smaller weights, by {ANEW}, and scaled inputs; or a normalisation before the activation.",
    "loss that is not finite": "Take a loss that is stable, as SoftmaxCrossEntropyLoss of raw scores, and mind "
    "logarithms of 0.",
    "vanishing signal": f"{ANEW} keeps the size of a signal; in a deep net add normalisation, or connections that "
    "skip layers.",
    "exploding signal": f"Smaller weights, by {ANEW}; normalisation in a deep net; in half precision a larger "
    "type for this layer.",
    "vanishing gradient": f"An activation that does not flatten (ReLU and its kin), then {ANEW}; normalisation, "
    "connections that skip layers; and no detach() or asnumpy() on the way to the loss.",
    "exploding gradient": f"Scaled data, and {ANEW}; if it stays, clip the gradients.",
}


@dataclass(frozen=True)
class Finding:
    """Something that is wrong with a net."""

    name: str
    where: str  # the layer, or "the batch"
    evidence: str
    cure: str


class CannotLook(Exception):
    """Why a look cannot be taken at this net."""


def _found(name: str, where: str, evidence: str, cure: str = "") -> Finding:
    return Finding(name, where, evidence, cure or CURES[name])


def with_what_wins(findings: list[Finding], net: Block) -> list[Finding]:
    """The findings, of which the first that is cured by new weights says which layers would not get any."""
    own = {
        id(block): name_at(path, block)
        for path, block in walk(net)
        if isinstance(block, WITH_ACTIVATION) and _was_given_its_own(block)
    }
    told = list(findings)
    for place, finding in enumerate(told):
        if own and ANEW in finding.cure:
            first, *others = own.values()
            which = first + (f" and {len(others)} more" if others else "")
            wins = f"First set layer.weight.init = None for {which}: an initialiser that a layer was given wins."
            told[place] = replace(finding, cure=f"{finding.cure} {wins}")
            break
    return told


# What is judged before is the cause of what comes later, more often than not.


def _numbers(seen: Seen) -> Iterator[Finding]:
    for name, values in [("x", each) for each in seen.x] + [("y", seen.y)]:
        bad = ~numpy.isfinite(values)
        if bad.any():
            where = tuple(int(index) for index in numpy.argwhere(bad)[0])
            yield _found(
                "nan or infinity in the data",
                "the batch",
                f"{bad.sum()} of the {bad.size} numbers of {name} are nan or infinite, the first at {where}.",
            )
    for layer, key, p in seen.parameters:
        bad = ~numpy.isfinite(p.list_data()[0].asnumpy().astype("float64"))
        if bad.any():
            yield _found(
                "nan or infinity in the parameters",
                layer,
                f"{bad.sum()} of the {bad.size} numbers of {key} are nan or infinite.",
            )


def _labels(seen: Seen) -> Iterator[Finding]:
    y, output, loss = seen.y, seen.answer[0], seen.loss
    wrong = _wrong_labels(loss, output, y)
    if wrong:
        yield _found("labels that the loss does not mean", "the batch", *wrong)
    fewer, more = sorted((output.size, y.size))
    if seen.losses is not None and seen.losses.size > more and fewer > 1:
        yield _found(
            "output and labels of different shapes",
            "the batch",
            f"The output has shape {output.shape} and y {y.shape}, of which the loss makes {seen.losses.size} "
            "numbers: each output is compared with the labels of all samples.",
        )
    for call in seen.calls:
        if isinstance(call.block, nn.Embedding) and call.x is not None:
            low, high, size = call.x.min(), call.x.max(), call.block.weight.shape[0]
            if low < 0 or high >= size:
                yield _found(
                    "numbers that the embedding does not have",
                    call.name,
                    f"It has {size} vectors, and is asked for {low:g} to {high:g}: MXNet takes the nearest and "
                    "says nothing.",
                )


def _wrong_labels(loss: Any, output: Any, y: Any) -> tuple[str, str] | None:
    """What is wrong with the labels for a loss of Gluon's, and what to do."""
    spread = f"y runs from {number(y.min())} to {number(y.max())}"
    if isinstance(loss, losses.SoftmaxCrossEntropyLoss):
        axis, classes = loss._axis, output.shape[loss._axis]
        if not loss._sparse_label:
            if not _are_shares(y, axis):
                return (
                    f"{spread}, and sums to {number(y.sum(axis).min())} to {number(y.sum(axis).max())}: with "
                    "sparse_label=False the loss wants a share for each class, 1 together.",
                    "Give one-hot labels, or numbers of classes and sparse_label=True.",
                )
        elif (y != numpy.round(y)).any() or y.min() < 0 or y.max() >= classes:
            return (
                f"{spread}, and the output has {classes} classes: the loss wants whole numbers from 0 to "
                f"{classes - 1}, and takes another for the nearest without a word.",
                "Number the classes from 0, and give the last layer one unit for each.",
            )
    allowed = _allowed(loss)
    if allowed and not allowed[1](y).all():
        share = 1 - allowed[1](y).mean()
        return (
            f"{spread}: {type(loss).__name__} wants {allowed[0]}, and {share:.0%} of them are not.",
            f"Map the labels to {allowed[0]}, or take the loss that they are meant for.",
        )
    return None


def _allowed(loss: Any) -> tuple[str, Callable[[Any], Any]] | None:
    """What a loss of Gluon's for single numbers wants of its labels."""
    signed = ("-1 and 1", lambda y: abs(y) == 1)
    if isinstance(loss, (losses.HingeLoss, losses.SquaredHingeLoss)):
        return signed
    if isinstance(loss, losses.LogisticLoss):
        return signed if loss._label_format == "signed" else ("0 and 1", lambda y: (y == 0) | (y == 1))
    if isinstance(loss, losses.SigmoidBinaryCrossEntropyLoss):
        return "0 to 1", lambda y: (y >= 0) & (y <= 1)
    if isinstance(loss, losses.PoissonNLLLoss):
        return "0 and more", lambda y: y >= 0
    return None


def _symmetry(seen: Seen) -> Iterator[Finding]:
    weights = [g for g in seen.gradients if g.weight.ndim > 1]
    for each in weights[:-1]:  # the last layer's units have a class each, which tells them apart
        if not each.values.any() and _tells_apart(seen):
            continue  # the gradient waits for a layer that starts with 0
        units = len(each.weight)
        kinds = _kinds(each.weight, each.values)
        if "Embedding" not in each.layer and kinds <= units / 2:
            yield _found(
                "units that are all alike",
                each.layer,
                f"Of its {units} units {units - kinds} have the weights of another one and get the same gradient: "
                "they stay alike, and the layer is as good as one with "
                f"{kinds} unit{'s' if kinds > 1 else ''}.",
            )
            return


def _tells_apart(seen: Seen) -> bool:
    """Whether most of what the last layer with weights is given differs."""
    hidden = _before_last(seen)
    columns = None if hidden is None or hidden.ndim < 2 else numpy.moveaxis(hidden, -1, 0)
    return columns is not None and _kinds(columns) > len(columns) / 2


def _kinds(*tables: Any) -> int:
    """How many kinds of rows there are."""
    parts = []
    for table in tables:
        largest = abs(table).max()
        rows = numpy.array([row.ravel() for row in table])
        parts.append(numpy.round(rows / (largest * ALIKE)) if largest else rows)
    return len(numpy.unique(numpy.hstack(parts), axis=0))


def _nonlinearity(seen: Seen) -> Iterator[Finding]:
    weighing = {id(call.block) for call in seen.calls if call.weighs}
    if len(weighing) < 2:
        raise CannotLook("the net has fewer than two layers with weights")
    if any(numpy.dtype(each.dtype).kind != "f" for each in _given(seen)) or _is_read_up(seen):
        raise CannotLook("the inputs are whole numbers, between which there is nothing")
    if seen.answer[1] is None or len(seen.answer[1]) != seen.samples:
        raise CannotLook("its samples are not on the first axis")
    there = seen.answer_to(_wide)[1]
    middle = seen.answer_to(lambda x: (_wide(x) + numpy.roll(_wide(x), 1, axis=0)) / 2)[1]
    straight = (there + numpy.roll(there, 1, axis=0)) / 2
    size, bend = there.std(axis=0).max(), abs(middle - straight).max()
    if _fades(seen) or size <= FADED * abs(there).max():
        raise CannotLook("what tells its samples apart is too faint to see a bend")
    if bend <= STRAIGHT * max(size, 0.1 * abs(there).max()):
        yield _found(
            "no nonlinearity",
            "the net",
            f"Halfway between two samples the last layer gives the mean of what it gives for both, up to "
            f"{number(bend / size, 2)} of its spread: {len(weighing)} layers together are one linear map.",
        )


def _wide(x: Any) -> Any:
    """Samples on both sides of 0 and far from it, since a tanh is straight near 0, and a ReLU on either side."""
    centred = x - x.mean(axis=0)
    spread = centred.std()
    return FAR * centred / spread if spread else centred


def _given(seen: Seen) -> list[Any]:
    return [each for each in arrays_in(seen.inputs) if each.ndim and each.shape[0] == seen.samples]


def _is_read_up(seen: Seen) -> bool:
    """Whether the input is numbers of vectors."""
    first = seen.x[0]
    return any(
        isinstance(call.block, nn.Embedding) and call.x is not None and call.x.size == first.size
        for call in seen.calls
    )


def _samples(seen: Seen) -> Iterator[Finding]:
    n, output = seen.samples, seen.answer[0]
    over_batch = [call for call in seen.calls if _acts_on_vectors(call) and _sums_over_batch(call)]
    axis = getattr(seen.loss, "_axis", None)
    if over_batch:
        yield _wrong_axis(over_batch[0].name, "the samples of the batch")
        return
    if isinstance(axis, int) and -output.ndim <= axis < output.ndim:
        other = _other_axis(output, axis % output.ndim)
        if other is not None:
            yield _wrong_axis("the output", f"axis {other}, and the loss looks for classes on axis {axis}")
            return
    if output.ndim != 2 or len(output) != n or len(seen.y) != n:
        raise CannotLook("one output for each sample is wanted")
    if not numpy.array_equal(output, seen.answer_to(lambda x: x)[0], equal_nan=True):
        raise CannotLook("the net answers differently each time")
    changed = seen.answer_to(lambda x: numpy.concatenate([x[-1:], x[1:]]))[0]
    size = abs(output - output.mean(axis=0)).max() or 1.0
    moved = abs(changed - output)[1:].max()
    if moved > MIXED * size:
        yield _found(
            "samples that mix",
            "the net",
            f"When the first sample is exchanged, the output of the others changes by up to "
            f"{number(moved / size, 2)} of its spread, out of training too: the net takes the axis of the samples "
            "for another one.",
        )


def _acts_on_vectors(call: Layer) -> bool:
    entry = CATALOG.get(_name_of(call.block) or "")
    return entry is not None and entry.acts_on == "vectors"


def _sums_over_batch(call: Layer) -> bool:
    axes = range(call.output.ndim)
    return call.output.ndim > 1 and len(call.output) > 1 and [a for a in axes if _is_share(call.output, a)] == [0]


def _other_axis(output: Any, axis: int) -> int | None:
    """The axis along which an output is a softmax's, if it is one, and not along that of the loss."""
    found = [a for a in range(output.ndim) if output.shape[a] > 1 and _is_share(output, a)]
    return found[0] if found and axis not in found else None


def _is_share(values: Any, axis: int) -> bool:
    """Whether numbers, or their exponentials, are shares along an axis."""
    return _are_shares(values, axis) or _are_shares(numpy.exp(values), axis)


def _are_shares(values: Any, axis: int) -> bool:
    """Whether no number is negative, and they sum to 1 along an axis."""
    return bool((values >= 0).all()) and numpy.allclose(values.sum(axis), 1, rtol=0, atol=1e-3)


def _wrong_axis(where: str, over: str) -> Finding:
    return _found("softmax over the wrong axis", where, f"What it gives sums to 1 over {over}.")


def _output(seen: Seen) -> Iterator[Finding]:
    try:
        wrong = misfit(seen.net, seen.loss, seen.inputs)
    except (TypeError, ValueError) as why:
        raise CannotLook(str(why)) from why
    if wrong is None or wrong.kind == "log_softmax" and wrong.want == "class scores":  # which does no harm
        return
    evidence = wrong.evidence
    if wrong.want == "value":
        low, high = seen.y.min(), seen.y.max()
        if low >= wrong.low and high <= wrong.high:
            return
        evidence += f" y runs from {number(low)} to {number(high)}."
    double = wrong.want == "class scores" and wrong.kind == "softmax"
    name = "double softmax" if double else "output that does not suit the loss"
    yield _found(name, "the output", evidence, wrong.cure)


def _training(seen: Seen) -> Iterator[Finding]:
    frozen = [(layer, key, p) for layer, key, p in seen.parameters if p.grad_req == "null" and p._differentiable]
    if frozen:
        layer, key, _ = frozen[0]
        yield _found(
            "frozen parameters",
            layer,
            f"{len(frozen)} parameters have grad_req 'null' and are not trained, the first is its {key}.",
        )
    called = {id(p) for call in seen.calls for p in own_parameters(call.block).values()}
    unused = [g for g in seen.gradients if id(g.parameter) not in called and not g.values.any()]
    if unused:
        yield _found(
            "unused parameters",
            unused[0].layer,
            f"{len(unused)} parameters belong to blocks that the net never calls, and get no gradient.",
        )


def _input_scale(seen: Seen) -> Iterator[Finding]:
    for x in (each.asnumpy().astype("float64") for each in _given(seen)):
        if x.ndim < 2 or _is_read_up(seen):
            continue
        norm = _norm_of(seen, x)
        if norm is not None:
            yield from _buried(norm)
            continue
        size, length = _rms(x), float(numpy.median([numpy.linalg.norm(sample) for sample in x]))
        spreads, means = x.std(axis=0), abs(x.mean(axis=0))
        vary = spreads > 0
        wrong = ""
        if size > LARGE:
            wrong = f"Its root mean square is {number(size, 3)}"
        elif 0 < length < SMALL:
            wrong = f"A typical sample has length {number(length, 2)}"
        elif vary.any():
            widest, typical = spreads.max(), float(numpy.median(spreads[vary]))
            off = float(numpy.median(means[vary] / spreads[vary]))
            if widest > max(UNEVEN * typical, 3.0):
                wrong = f"Its widest feature has spread {number(widest, 3)}, a typical one {number(typical, 2)}"
            elif off > OFF_CENTRE:
                wrong = f"The mean of a typical feature is {number(off, 2)} times its spread"
        if wrong:
            yield _found("unscaled inputs", "the batch", f"{wrong}, and layers expect about mean 0 and spread 1.")


def _norm_of(seen: Seen, x: Any) -> Layer | None:
    """The first layer that takes this input, if it scales it."""
    for call in seen.calls:
        if call.x is not None and numpy.array_equal(call.x, x):
            return call if isinstance(call.block, _NORMS) else None
    return None


_NORMS = (nn.BatchNorm, nn.LayerNorm, nn.InstanceNorm, nn.GroupNorm)


def _buried(norm: Layer) -> Iterator[Finding]:
    """Whether a BatchNorm adds so much to the variance of its inputs that it does not scale them."""
    if isinstance(norm.block, nn.BatchNorm):
        axis, epsilon = norm.block._kwargs["axis"], norm.block._kwargs["eps"]
        widest = float(numpy.moveaxis(norm.x, axis, 0).reshape(norm.x.shape[axis], -1).var(axis=1).max())
        if 0 < widest < BURIED * epsilon:
            left = number(math.sqrt(widest / (widest + epsilon)), 2)
            yield _found(
                "unscaled inputs",
                norm.name,
                f"Even its widest feature has variance {number(widest, 2)}, far below its epsilon "
                f"{number(epsilon)}, which it adds: it makes the spread {left} and not 1.",
            )


def _target_scale(seen: Seen) -> Iterator[Finding]:
    if not isinstance(seen.loss, (losses.L1Loss, losses.L2Loss, losses.HuberLoss)):
        raise CannotLook("the loss is not one of a regression")
    size = _rms(seen.y)
    if size > TARGETS:
        yield _found(
            "unscaled targets",
            "the batch",
            f"The root mean square of y is {number(size, 3)}; a net starts with outputs of about 1, and its first "
            "gradients are as large as what is missing.",
        )


def _dead(seen: Seen) -> Iterator[Finding]:
    dead = []
    for place, call in enumerate(seen.calls):
        if call.slope is not None and call.slope.ndim > 1:
            still = (call.slope == 0) & (call.output == 0)
            units = numpy.moveaxis(still, unit_axis(seen.calls, place), 0)
            share = float(numpy.mean([unit.all() for unit in units]))
            if share > DEAD:
                dead.append((share, call.name, len(units)))
    if dead:
        worst, layer, count = max(dead, key=itemgetter(0))
        yield _found(
            "dead units",
            layer,
            f"{round(worst * count)} of its {count} units are 0 with slope 0 for every sample of the batch: "
            "nothing passes them, and they cannot learn.",
        )


def _saturated(seen: Seen) -> Iterator[Finding]:
    active = [(place, call) for place, call in enumerate(seen.calls) if call.slope is not None]
    if active and active[-1][0] > seen.last:
        active.pop()  # an output may be sure of itself
    saturated = []
    for _, call in active:
        entry = CATALOG.get(_name_of(call.block) or "")
        flat = abs(call.slope) < FLAT
        if entry is None or entry.glorot is None:
            flat &= call.output != 0  # a zero region is no saturation, and dead units are looked for by themselves
        if flat.mean() > SATURATED:
            saturated.append((float(flat.mean()), call.name))
    if saturated:
        worst, layer = max(saturated, key=itemgetter(0))
        yield _found(
            "saturated units",
            layer,
            f"At {worst:.0%} of its inputs the slope is below {FLAT}: what the layer gives hardly moves, and no "
            "gradient passes.",
        )


def _signal(seen: Seen) -> Iterator[Finding]:
    for call in seen.calls:
        if not numpy.isfinite(call.output).all():
            yield _found(
                "exploding signal", call.name, "What it gives is no longer finite, though data and parameters are."
            )
            return
    hidden, first = _before_last(seen), _spread(_at_first(seen))
    if hidden is None or not first:
        raise CannotLook("the samples of the batch do not differ, or there is no hidden layer")
    before = _spread(hidden)
    ratio = before / first
    fades = ratio < FADED
    if fades or ratio > BLOWN_UP:
        depth = max(sum(call.weighs for call in seen.calls[: seen.last]), 1)
        how, each = ("fades" if fades else "grows"), number(ratio ** (1 / depth), 2)
        yield _found(
            "vanishing signal" if fades else "exploding signal",
            seen.calls[seen.last].name,
            f"What tells samples apart {how}: its spread is {number(first, 2)} in the input and "
            f"{number(before, 2)} before the last layer; each of {depth} layers multiplies it by {each}.",
        )


def _fades(seen: Seen) -> bool:
    return _spread(_before_last(seen)) < FADED * _spread(_at_first(seen))


def _at_first(seen: Seen) -> Any:
    """The input, or what the first layer makes of it if that reads it up or scales it."""
    return seen.calls[0].output if _is_read_up(seen) or _norm_of(seen, seen.x[0]) is not None else seen.x[0]


def _before_last(seen: Seen) -> Any:
    """What the last layer with weights is given; None if it is the first."""
    if seen.last < 1:
        return None
    given = seen.calls[seen.last].x
    return seen.calls[seen.last - 1].output if given is None else given


def _spread(values: Any) -> float:
    """How much samples differ in a typical element."""
    return _rms(values - values.mean(axis=0)) if values.ndim else 0.0


def _gradient(seen: Seen) -> Iterator[Finding]:
    weights = [g for g in seen.gradients if g.weighs]
    if not weights:
        raise CannotLook("no weights are trained")
    sizes = [float(numpy.linalg.norm(g.values)) for g in weights]
    weight = math.hypot(*(float(numpy.linalg.norm(g.weight)) for g in weights))
    whole = math.hypot(*sizes)
    first, last, largest = sizes[0], sizes[-1], max(sizes)
    if not math.isfinite(whole):
        how = "It is not finite."
    elif weight and whole > HARD * weight:
        longer = number(whole / weight, 2)
        how = f"All together it is {longer} times as long as the weights: one step replaces the net."
    elif last and first > STEEP * last:
        how = f"It is {number(first / last, 2)} times as long in the first layer as in the last."
    else:
        how = ""
    if how:
        yield _found("exploding gradient", weights[0].layer, how)
        return
    waits = not weights[-1].weight.any()  # a last layer that starts with 0 lets nothing through in its first step
    if not waits and first < LOST * largest:
        yield _found(
            "vanishing gradient",
            weights[0].layer,
            f"Its gradient has length {number(first, 2)}, and the largest of a layer is {number(largest, 2)}: the "
            "first layers learn nothing.",
        )
    elif not largest and seen.losses.any():
        yield _found("vanishing gradient", "the net", "No gradient reaches any weight, though the loss is not 0.")


def _loss(seen: Seen) -> Iterator[Finding]:
    if seen.losses is not None and not numpy.isfinite(seen.losses).all():
        yield _found(
            "loss that is not finite",
            "the loss",
            f"It is nan or infinite for {(~numpy.isfinite(seen.losses)).mean():.0%} of the samples.",
        )


def _rms(values: Any) -> float:
    return float(numpy.sqrt((values**2).mean()))


LOOKS: dict[str, Callable[[Seen], Iterator[Finding]]] = {
    "numbers": _numbers,
    "labels": _labels,
    "symmetry": _symmetry,
    "nonlinearity": _nonlinearity,
    "samples apart": _samples,
    "output against loss": _output,
    "what is trained": _training,
    "input scale": _input_scale,
    "target scale": _target_scale,
    "dead units": _dead,
    "saturation": _saturated,
    "loss": _loss,
    "signal": _signal,
    "gradient": _gradient,
}
