"""`ravpy list`: the graphs of a server, as a table."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.table import Table

from ravpy.asking import ask
from ravpy.config import Config


def show_graphs(config: Config, approach: str | None) -> None:
    """Print them."""
    if approach == "federated":
        show_federated(config)
        return
    graphs = [g for g in ask(config, "graphs")["graphs"] if approach in (None, g["approach"])]
    console = Console()
    if not graphs:
        console.print(f"no {approach + ' ' if approach else ''}graphs at {config.url}")
        return
    table = Table("id", "name", "approach", "algorithm", "state", "made")
    for g in graphs:
        made = datetime.fromtimestamp(g["created_at"]).strftime("%Y-%m-%d %H:%M:%S")
        table.add_row(str(g["id"]), g["name"] or "", g["approach"], g["algorithm"] or "", g["state"], made)
    console.print(table)


def show_federated(config: Config) -> None:
    """Print the federated graphs: what each asks for that is not over, and below them those that are."""
    rows = ask(config, "federated")["graphs"]
    lines = [] if rows else [f"no federated graphs at {config.url}"]
    for row in rows:
        if row["state"] in SAID:
            lines += [title(row), *(f"    {line}" for line in asked(row))]
    over = [f"    {title(row)}: {row['state']}" for row in rows if row["state"] not in SAID]
    if over:
        lines += ["over, and without contributions from now on:", *over]
    console = Console()
    for line in lines:
        console.print(printable(line), markup=False, highlight=False, soft_wrap=True)


def title(row: dict[str, Any]) -> str:
    """Which graph, and whose."""
    return f"{row['id']}  {row['name'] or '(no name)'}, asked for by {row['developer'] or '(no name)'}"


def asked(row: dict[str, Any]) -> Iterator[str]:
    """What a graph asks for, of how many, and its fingerprint."""
    yield f"state: {SAID[row['state']]}"
    if not row["columns"]:
        return
    yield f"rules: {'; '.join(said(name, rule) for name, rule in row['columns'].items())}"
    for name, rule in (row["where"] or {}).items():
        yield f"rows: {said(name, rule)}"
    yield f"statistics: {', '.join(dict.fromkeys(s['name'] + by(s.get('by')) for s in row['statistics']))}"
    yield f"contributors: {row['contributors']} of {row['max_clients']}"
    yield f"released with: {row['min_clients']} at least"
    if row["roster"]:
        yield f"sealed for: {', '.join(row['roster'])}"
    if row["epsilon"]:
        yield f"noise: epsilon {row['epsilon']}"
    yield f"fingerprint: {row['fingerprint']}" + ("" if row["encryption"] else "  NOT ENCRYPTED")


#: how the state of a federated graph is called that is not over
SAID = {"open": "not asking yet", "ended": "asks for contributions"}


def said(name: str, rule: dict[str, Any]) -> str:
    """The rule of a column, or a condition on rows."""
    bounds = " ".join(f"{key} {rule[key]}" for key in ("min", "max") if rule.get(key) is not None)
    return f"{name}: {bounds or ' or '.join(rule.get('values') or ()) or 'all values'}"


def by(groups: dict[str, Any] | None) -> str:
    """For which groups a statistic is asked."""
    return f" for each {groups['column']} of {', '.join(groups['values'])}" if groups else ""


def printable(text: str) -> str:
    """Text of others without what a terminal would obey."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
