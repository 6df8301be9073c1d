"""Crowds of contributors: how fast, how well connected, how faithful."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

GB = 1_000_000_000


@dataclass(frozen=True)
class Peer:
    """The truth about one contributor."""

    name: str
    speed: float = 1.0
    down_bps: float = 1e9
    up_bps: float = 1e9
    latency_s: float = 0.3e-3
    memory_bytes: int = 8 * GB


@dataclass(frozen=True)
class Crowd:
    name: str
    peers: tuple[Peer, ...]
    server_bps: float = 125e6
    #: mean seconds until a contributor goes; None: it stays
    mean_life_s: float | None = None
    #: of those that go, the part that says nothing
    silent: float = 0.0
    #: part of the assignments that take twenty times as long
    stalls: float = 0.0
    #: part of the results that are sent twice
    repeats: float = 0.0
    #: seconds until a new life of a contributor that went
    back_s: float = 5.0


def local2() -> Crowd:
    return Crowd("local2", tuple(Peer(f"local-{i}") for i in range(2)), server_bps=1e9)


def local1() -> Crowd:
    return Crowd("local1", (Peer("local-0"),), server_bps=1e9)


def lan8(seed: int = 1) -> Crowd:
    rng = random.Random(seed)
    peers = [
        Peer(f"lan-{i}", _log(rng, 0.25, 4), link := rng.uniform(50e6, 120e6), link, 1e-3) for i in range(8)
    ]
    return Crowd("lan8", tuple(peers))


def home(count: int = 50, seed: int = 1, mean_life_s: float | None = 120.0) -> Crowd:
    rng = random.Random(seed)
    peers = []
    for i in range(count):
        up_bps = _log(rng, 1e6, 20e6)
        latency_s = _log(rng, 5e-3, 60e-3)
        peers.append(Peer(f"home-{i}", _log(rng, 0.1, 3), 5 * up_bps, up_bps, latency_s, 4 * GB))
    return Crowd(f"home{count}", tuple(peers), mean_life_s=mean_life_s, silent=0.3)


def tabs(count: int = 300, seed: int = 1) -> Crowd:
    rng = random.Random(seed)
    peers = []
    for i in range(count):
        up_bps = _log(rng, 1e6, 50e6)
        latency_s = _log(rng, 5e-3, 200e-3)
        peers.append(Peer(f"tab-{i}", _log(rng, 0.02, 2), 2 * up_bps, up_bps, latency_s, GB // 2))
    return Crowd(f"tabs{count}", tuple(peers), mean_life_s=60.0, silent=0.3, stalls=0.005, repeats=0.01)


def _log(rng: random.Random, low: float, high: float) -> float:
    return math.exp(rng.uniform(math.log(low), math.log(high)))
