"""Devices by name."""

from types import SimpleNamespace

import pytest

from gluon_activations import context

import mxnet as mx


def test_cpu():
    assert context() == context("cpu") == context("cpu(0)") == context(mx.cpu()) == mx.cpu()
    assert context("cpu(1)") == context(mx.cpu(1)) == mx.cpu(1) != mx.cpu()
    assert context(mx.cpu_pinned()) == mx.cpu_pinned()
    assert context(f"cpu({10**9 - 1})") == mx.cpu(10**9 - 1)


@pytest.mark.parametrize("name", ["tpu", "", "gpu()", "gpu(-1)", "cpu(-1)", "cpu_pinned", 3])
def test_names_that_are_none(name):
    with pytest.raises(ValueError, match='"cpu", "gpu" or "gpu'):
        context(name)


@pytest.mark.parametrize("name", ["cpu(99999999999999999999)", "cpu(1000000000)", "gpu(99999999999999999999)"])
def test_a_number_that_mxnet_would_cut_is_refused(name):
    with pytest.raises(ValueError, match=r"^a device's number has at most nine digits, not \d+$"):
        context(name)


def test_what_came_is_told_in_a_line():
    for wrong in ("cpu\n" * 99, mx.nd.zeros((9, 9))):
        with pytest.raises(ValueError, match='^a context is "cpu".{,160}$'):
            context(wrong)


def test_a_gpu_or_a_clear_reason(monkeypatch):
    count = mx.context.num_gpus()
    if count:
        assert context("gpu") == mx.gpu(0)
    with pytest.raises(RuntimeError, match=rf"there is no gpu\({count}\): (this MXNet was built for|MXNet sees)"):
        context(f"gpu({count})")
    monkeypatch.setattr(mx.context, "num_gpus", lambda: 2)
    assert context("gpu(1)") == mx.gpu(1) and context("gpu") == context("gpu(0)") == mx.gpu(0)
    for cuda, why in ((True, "MXNet sees 2 GPU.s., numbered from 0"), (False, "built for the CPU only")):
        features = SimpleNamespace(is_enabled={"CUDA": cuda}.__getitem__)
        monkeypatch.setattr(mx.runtime, "Features", lambda features=features: features)
        with pytest.raises(RuntimeError, match=f"there is no gpu.2.: .*{why}"):
            context("gpu(2)")
