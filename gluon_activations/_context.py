"""Where to compute: a device by name, or a clear reason why not."""

import re
from typing import Any

import mxnet as mx

from ._wording import in_a_line


def context(name: Any = "cpu") -> Any:
    """Device called "cpu", "cpu(1)", "gpu" or "gpu(1)", or a device as it is.

    Parameters
    ----------
    name : str or mxnet.Context
        "cpu" or "gpu" (the first one), "cpu(N)" or "gpu(N)", with at most nine digits; MXNet has as many
        cpu(N) as one likes.

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
        if name.device_type != "gpu":
            return name
        name = f"gpu({name.device_id})"
    found = re.fullmatch(r"(cpu|gpu)(?:\((\d+)\))?", str(name))
    if not found:
        raise ValueError(f'a context is "cpu", "gpu" or "gpu(1)", not {in_a_line(name)}')
    digits = found[2] or "0"
    if len(digits) > 9:  # MXNet keeps 32 bits of it, without a word
        raise ValueError(f"a device's number has at most nine digits, not {len(digits)}")
    if found[1] == "cpu":
        return mx.cpu(int(digits))
    index, count = int(digits), mx.context.num_gpus()
    if index < count:
        return mx.gpu(index)
    if not mx.runtime.Features().is_enabled("CUDA"):
        why = "this MXNet was built for the CPU only (GPU builds are other packages, such as mxnet-cu112)"
    else:
        why = f"MXNet sees {count} GPU(s), numbered from 0"
    raise RuntimeError(f"there is no {name}: {why}")
