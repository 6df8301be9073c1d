"""What a contributor says of itself on joining: speed, numeric class, memory, cores."""

from __future__ import annotations

import os
import platform
import secrets

import msgspec
import numpy as np
import psutil

from ravpy.config import Config
from ravspec.battery import measured
from ravspec.messages import Hello

#: bytes per second and seconds that are assumed of the line to the server
LOOPBACK_BPS, NETWORK_BPS = 500e6, 12.5e6
LOOPBACK_LATENCY_S, NETWORK_LATENCY_S = 0.2e-3, 10e-3


def measure(config: Config) -> Hello:
    """The hello of a new life."""
    speed, numeric_class = measured()
    loopback = any(word in config.url for word in ("//127.", "//localhost", "//[::1]"))
    return Hello(
        life=secrets.token_hex(16),
        name=config.name,
        speed=speed,
        memory_bytes=int(psutil.virtual_memory().available),
        cores=os.cpu_count() or 1,
        down_bps=LOOPBACK_BPS if loopback else NETWORK_BPS,
        up_bps=LOOPBACK_BPS if loopback else NETWORK_BPS,
        latency_s=LOOPBACK_LATENCY_S if loopback else NETWORK_LATENCY_S,
        numeric_class=numeric_class,
        versions={
            "python": platform.python_version(),
            "numpy": np.__version__,
            "msgspec": msgspec.__version__,
            "platform": platform.platform(),
        },
    )
