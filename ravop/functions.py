"""Every op as a function, by all its names.

Editors and grep see them in functions.pyi beside this file, which docs/generate.py writes from the op
table and a test keeps current.
"""

from ravop.factory import FUNCTIONS, IN_FFT
from ravop.standard import WIDER
from ravspec.ops import ALIASES

PUBLIC = {
    name: WIDER.get(ALIASES.get(name, name), function)
    for name, function in FUNCTIONS.items()
    if name not in IN_FFT
}

globals().update(PUBLIC)

__all__ = list(PUBLIC)
