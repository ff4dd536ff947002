"""The nets whose training steps are timed, as far as they are the same in each framework."""

CLASSES = 10
SGD = {"learning_rate": 0.01, "momentum": 0.9}
SHAPES = {"mobilenet": (16, 3, 128, 128), "transformer": (8, 128, 128)}  # batch and picture; batch, tokens, width
ACTIVATIONS = {"mobilenet": ("gelu", "silu", "mish"), "transformer": ("gelu", "silu", "mish", "swiglu")}

# The transformer's block.
WIDTH, HEADS, INNER = 128, 4, 512
GATED = {"swiglu": "silu"}  # GLU's gate

# MobileNet at a quarter of its width: channels and stride of each pair of convolutions.
FIRST = 8
PAIRS = ((16, 1), (32, 2), (32, 1), (64, 2), (64, 1), (128, 2), *[(128, 1)] * 5, (256, 2), (256, 1))
