"""The developer's side: statistics of five hospitals' tumour measurements, without seeing one of them.

    python examples/federated/analyse.py [--clients N] [--plot FILE] [--results FILE]

It prints the graph's id and fingerprint, then waits until all have taken part with

    ravpy federate ID --file their.csv

The server is RAVSOCK_URL, or one on this machine.
"""

from __future__ import annotations

import argparse
import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")  # a file, no window

import matplotlib.pyplot as plt

import ravop as R

#: the rule of each column: how many decimals it is measured with, and between which values
COLUMNS = {
    "radius": {"min": 0, "max": 50, "decimals": 3},
    "texture": {"min": 0, "max": 100, "decimals": 2},
    "area": {"min": 0, "max": 5000, "decimals": 1},
    "smoothness": {"min": 0, "max": 1, "decimals": 5},
    "concavity": {"min": 0, "max": 1, "decimals": 7},
}
EDGES = [6, 8, 10, 12, 14, 16, 18, 20, 22, 30]


@R.op
def coefficient_of_variation() -> Any:
    """Spread in proportion to size: an op of our own, of two statistics."""
    return R.federated_standard_deviation() / R.federated_mean()


def statistics() -> dict[str, Any]:
    """All that is asked."""
    return {
        "mean": R.federated_mean(),
        "variance": R.federated_variance(),
        "standard deviation": R.federated_standard_deviation(),
        "coefficient of variation": coefficient_of_variation(),
        "area by radius and texture": R.federated_linear_regression("area", on=["radius", "texture"]),
        "histogram": R.federated_histogram("radius", EDGES),
        "radius by diagnosis": R.federated_mean("radius", by={"diagnosis": ["malignant", "benign"]}),
    }


def bars(histogram: dict[str, Any]) -> tuple[list[float], list[float], list[float]]:
    """(left ends, heights, widths). Bins differ in width, so a bar's area is its count, not its height:
    a wide bin must not look as if it held the most."""
    edges = histogram["edges"]
    widths = [high - low for low, high in pairwise(edges)]
    return edges[:-1], [n / width for n, width in zip(histogram["counts"], widths, strict=True)], widths


def save_plot(path: Path, histogram: dict[str, Any], clients: int) -> None:
    """The histogram as a picture."""
    figure, axes = plt.subplots(figsize=(7.2, 4.2), layout="constrained")
    left, heights, widths = bars(histogram)
    axes.bar(left, heights, widths, align="edge", color="#1b6ca8", edgecolor="white")
    axes.set_xlabel("mean radius of the cell nuclei")
    axes.set_ylabel("patients per unit of radius")
    axes.set_title(
        f"{sum(histogram['counts'])} patients of {clients} hospitals; none of their data were seen"
    )
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=150)
    plt.close(figure)


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clients", type=int, default=5, help="how many take part (default 5)")
    parser.add_argument("--plot", type=Path, default=Path("federated.png"), help="where the histogram goes")
    parser.add_argument("--results", type=Path, help="also write the results there, as JSON")
    return parser.parse_args()


def main() -> None:
    """Ask, wait, show."""
    args = arguments()
    rules = json.dumps({"rules": COLUMNS, "max_clients": args.clients})
    graph = R.Graph(name="tumour measurements", approach="federated", rules=rules)
    asked = statistics()
    print(f"graph {graph.id}\nfingerprint {graph.fingerprint}", flush=True)
    results = {name: answer() for name, answer in asked.items()}
    graph.end()

    print(f"\n{'':12}" + "".join(f"{name:>20}" for name in ("mean", "standard deviation", "variation")))
    for c in COLUMNS:
        row = [results[name][c] for name in ("mean", "standard deviation", "coefficient of variation")]
        print(f"{c:12}" + "".join(f"{value:20.6f}" for value in row))
    line = results["area by radius and texture"]
    slopes = f"{line['radius']:.3f} radius + {line['texture']:.4f} texture"
    print(f"\narea = {line['intercept']:.3f} + {slopes}")
    for group, means in results["radius by diagnosis"].items():
        print(f"mean radius, {group}: {means['radius']:.4f}")
    save_plot(args.plot, results["histogram"]["radius"], args.clients)
    print(f"plot: {args.plot.resolve()}")
    if args.results:
        args.results.write_text(json.dumps(results))


if __name__ == "__main__":
    main()
