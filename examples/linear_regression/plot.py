"""The picture of the fit: every coefficient with its bootstrap interval."""

from __future__ import annotations

from pathlib import Path

import matplotlib
import numpy as np
from numpy.typing import NDArray

matplotlib.use("Agg")  # a file, no window

import matplotlib.pyplot as plt
from matplotlib.lines import Line2D

Array = NDArray[np.float64]

SURE, UNSURE = "#1b6ca8", "#9aa5b1"

#: what the data set's short names stand for
MEASUREMENTS = {
    "bmi": "body mass index", "bp": "blood pressure", "s1": "total cholesterol (s1)", "s2": "LDL (s2)",
    "s3": "HDL (s3)", "s4": "cholesterol / HDL (s4)", "s5": "log triglycerides (s5)",
    "s6": "blood sugar (s6)",
}  # fmt: skip


def save_plot(path: Path, names: list[str], theta: Array, low: Array, high: Array, fits: int) -> None:
    """A dot a coefficient, largest effect on top; grey where the interval crosses zero."""
    order = np.argsort(np.abs(theta))
    figure, axes = plt.subplots(figsize=(7.8, 4.8), layout="constrained")
    axes.axvline(0, color="#444", linewidth=0.8)
    for place, i in enumerate(order):
        color = UNSURE if low[i] < 0 < high[i] else SURE
        axes.plot([low[i], high[i]], [place, place], color=color, linewidth=2.5, solid_capstyle="round")
        axes.plot(theta[i], place, "o", color=color, markersize=7)
    axes.set_yticks(range(len(order)), [MEASUREMENTS.get(names[i], names[i]) for i in order])
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel("change of disease progression by one standard deviation of the measurement")
    axes.set_title(f"Diabetes data: coefficients with 95 % intervals of {fits} bootstrap fits", fontsize=11)
    axes.legend(
        handles=[
            Line2D([], [], color=SURE, marker="o", label="interval without zero"),
            Line2D([], [], color=UNSURE, marker="o", label="zero is possible"),
        ],
        loc="lower right",
        frameon=False,
        fontsize=9,
    )
    axes.grid(axis="x", alpha=0.25)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    figure.savefig(path, dpi=150)
    plt.close(figure)
