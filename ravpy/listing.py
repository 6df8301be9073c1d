"""`ravpy list`: the graphs of a server, as a table."""

from __future__ import annotations

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
    """Print the federated graphs: what each asks for, of how many, and its fingerprint."""
    rows = ask(config, "federated")["graphs"]
    console = Console()
    if not rows:
        console.print(f"no federated graphs at {config.url}")
    for row in rows:
        title = f"{row['id']}  {row['name'] or '(no name)'}, asked for by {row['developer'] or '(no name)'}"
        lines = [title, f"    state: {SAID.get(row['state'], row['state'])}"]
        if row["columns"]:
            asked = dict.fromkeys(s["name"] + by(s.get("by")) for s in row["statistics"])
            lines += [
                f"    rules: {'; '.join(said(name, rule) for name, rule in row['columns'].items())}",
                *(f"    rows: {said(name, rule)}" for name, rule in (row["where"] or {}).items()),
                f"    statistics: {', '.join(asked)}",
                f"    contributors: {row['contributors']} of {row['max_clients']}",
                f"    released with: {row['min_clients']} at least",
                *([f"    sealed for: {', '.join(row['roster'])}"] if row["roster"] else []),
                *([f"    noise: epsilon {row['epsilon']}"] if row["epsilon"] else []),
                f"    fingerprint: {row['fingerprint']}" + ("" if row["encryption"] else "  NOT ENCRYPTED"),
            ]
        for line in lines:
            console.print(printable(line), markup=False, highlight=False, soft_wrap=True)


#: how a federated graph's state is called
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
