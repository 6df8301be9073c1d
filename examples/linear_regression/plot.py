"""The picture of the fit: every coefficient with its bootstrap interval."""

from __future__ import annotations

from pathlib import Path

import matplotlib
import numpy as np
from numpy.typing import NDArray

matplotlib.use("Agg")  # a file, no window

import matplotlib.pyplot as plt

Array = NDArray[np.float64]

SURE, UNSURE = "#1b6ca8", "#9aa5b1"


def save_plot(path: Path, names: list[str], theta: Array, low: Array, high: Array, fits: int) -> None:
    """A dot a coefficient, largest effect on top; grey where the interval crosses zero."""
    order = np.argsort(np.abs(theta))
    figure, axes = plt.subplots(figsize=(7.5, 4.5), layout="constrained")
    axes.axvline(0, color="#444", linewidth=0.8)
    for place, i in enumerate(order):
        color = UNSURE if low[i] < 0 < high[i] else SURE
        axes.plot([low[i], high[i]], [place, place], color=color, linewidth=2.5, solid_capstyle="round")
        axes.plot(theta[i], place, "o", color=color, markersize=7)
    axes.set_yticks(range(len(order)), [names[i] for i in order])
    axes.set_xlabel("change of disease progression by one standard deviation of the measurement")
    axes.set_title(f"Diabetes data: coefficients with 95 % intervals of {fits} bootstrap fits", fontsize=11)
    axes.grid(axis="x", alpha=0.25)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    figure.savefig(path, dpi=150)
    plt.close(figure)
