"""Where to compute: a device by name, or a clear reason why not."""

import re
from typing import Any

import mxnet as mx


def context(name: Any = "cpu") -> Any:
    """Device called "cpu", "gpu" or "gpu(1)", or a device as it is.

    Parameters
    ----------
    name : str or mxnet.Context
        "cpu", "gpu" (the first one) or "gpu(N)".

    Returns
    -------
    mxnet.Context

    Raises
    ------
    ValueError
        If the name is none of these.
    RuntimeError
        If MXNet has no such GPU; the message says why.
    """
    if isinstance(name, type(mx.cpu())):
        name = f"{name.device_type}({name.device_id})"
    found = re.fullmatch(r"(cpu)(?:\(0\))?|gpu(?:\((\d+)\))?", str(name))
    if not found:
        raise ValueError(f'a context is "cpu", "gpu" or "gpu(1)", not {name!r}')
    if found[1]:
        return mx.cpu()
    index, count = int(found[2] or 0), mx.context.num_gpus()
    if index < count:
        return mx.gpu(index)
    if not mx.runtime.Features().is_enabled("CUDA"):
        why = "this MXNet was built for the CPU only (GPU builds are other packages, such as mxnet-cu112)"
    else:
        why = f"MXNet sees {count} GPU(s), numbered from 0"
    raise RuntimeError(f"there is no {name}: {why}")
