"""Every op as a function, by all its names.

Editors and grep see them in functions.pyi beside this file, which docs/generate.py writes from the op
table and a test keeps current.
"""

from ravop.factory import FUNCTIONS

globals().update(FUNCTIONS)

__all__ = list(FUNCTIONS)
