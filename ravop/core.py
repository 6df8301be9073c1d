"""RDF's first documents say `import ravop.core as R`: the same names as those of `ravop`."""

from ravop import *  # noqa: F403
