"""Where tensors are."""

from __future__ import annotations

from typing import Any


class Device:
    """With the contributors of a server, whoever they are. There is this one device."""

    def __repr__(self) -> str:
        return "rdf"


DEVICE = Device()


def check_device(device: Any) -> None:
    """None or the one device; anything else is an error."""
    if device is not None and device is not DEVICE and device != str(DEVICE):
        raise ValueError(f"there is no device {device!r}; the only one is {DEVICE}")
