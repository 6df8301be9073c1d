"""Five hospitals' files, of scikit-learn's breast cancer data; and what NumPy says of all together."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
from analyse import COLUMNS, EDGES
from numpy.typing import NDArray
from sklearn.datasets import load_breast_cancer

HOSPITALS = ("Aachen", "Bergen", "Coimbra", "Delft", "Espoo")

Array = NDArray[np.float64]


def patients() -> tuple[Array, NDArray[Any]]:
    """Measurements, one column a name of COLUMNS, and diagnoses, in a random but fixed order."""
    data = load_breast_cancer()
    names = [str(name) for name in data.feature_names]
    order = np.random.default_rng(1).permutation(len(data.data))
    measured = data.data[:, [names.index(f"mean {c}") for c in COLUMNS]]
    return measured[order], data.target_names[data.target][order]


def write_files(folder: Path) -> list[Path]:
    """One CSV file a hospital."""
    measured, diagnoses = patients()
    paths = [folder / f"{name.lower()}.csv" for name in HOSPITALS]
    for i, path in enumerate(paths):
        with open(path, "w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["patient", *COLUMNS, "diagnosis"])
            for k in range(i, len(measured), len(paths)):
                writer.writerow([f"P{k:04}", *measured[k], diagnoses[k]])
    return paths


def pooled() -> dict[str, Any]:
    """The same statistics by NumPy, which needs all the data in one place."""
    x, diagnoses = patients()
    column = {name: x[:, i] for i, name in enumerate(COLUMNS)}
    design = np.column_stack([np.ones(len(x)), column["radius"], column["texture"]])
    theta = np.linalg.lstsq(design, column["area"], rcond=None)[0]
    return {
        "mean": {c: v.mean() for c, v in column.items()},
        "variance": {c: v.var() for c, v in column.items()},
        "standard deviation": {c: v.std() for c, v in column.items()},
        "coefficient of variation": {c: v.std() / v.mean() for c, v in column.items()},
        "area by radius and texture": dict(zip(("intercept", "radius", "texture"), theta, strict=True)),
        "histogram": {"radius": {"counts": np.histogram(column["radius"], EDGES)[0]}},
        "radius by diagnosis": {
            d: {"radius": column["radius"][diagnoses == d].mean()} for d in ("malignant", "benign")
        },
    }


def difference(ours: Any, theirs: Any) -> float:
    """The largest relative difference between two results, whatever dicts and lists they are in."""
    if isinstance(theirs, dict):
        return max(difference(ours[key], value) for key, value in theirs.items())
    a, b = np.asarray(ours, float), np.asarray(theirs, float)
    return float(np.max(np.abs(a - b) / np.where(b == 0, 1, np.abs(b))))
