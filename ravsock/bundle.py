"""Our own part of what browsers run: the modules of ravjs, and ravspec's as one archive.

The archive is made from the tree at a server's start, so that browsers run the very modules that
everybody else runs. It is the same to the byte for the same sources: its digest names its version.
"""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import ravspec
from ravsock.assets import RAVJS

RAVSPEC = Path(ravspec.__file__).parent

#: modules of ravspec that browsers do not run: the typed messages of Python peers, and TLS
LEFT_OUT = frozenset({"messages.py", "trust.py"})

#: an archive's entries bear this date, the first that there is
DATE = (1980, 1, 1, 0, 0, 0)


def modules() -> bytes:
    """The archive of Python modules: ravspec, and the tab's own beside it."""
    entries = {
        f"ravspec/{path.relative_to(RAVSPEC).as_posix()}": path
        for path in RAVSPEC.rglob("*.py")
        if path.name not in LEFT_OUT
    }
    entries |= {path.name: path for path in (RAVJS / "python").glob("*.py")}
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in sorted(entries):
            info = zipfile.ZipInfo(name, DATE)
            archive.writestr(info, entries[name].read_bytes(), zipfile.ZIP_DEFLATED, 9)
    return out.getvalue()


def scripts() -> dict[str, bytes]:
    """The modules that browsers load as they are, by their paths."""
    return {f"src/{path.name}": path.read_bytes() for path in sorted((RAVJS / "src").glob("*.js"))} | {
        "style.css": (RAVJS / "style.css").read_bytes()
    }
