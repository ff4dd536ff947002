"""x"""
from . import _numpy_names  # noqa: F401
from .blocks import *
