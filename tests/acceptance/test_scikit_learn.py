"""scikit-learn computes with contributors: its estimators and metrics on tensors, through a server."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from system.processes import ROOT, Contributor, Script, Server, until

#: scikit-learn's own list of metrics and its own checks of them, on tensors
METRICS = """
    import os
    os.environ["SCIPY_ARRAY_API"] = "1"
    import warnings
    warnings.simplefilter("ignore")
    import ravop as R
    from sklearn.metrics.tests.test_common import array_api_metric_checkers

    graph = R.t(0.0).graph
    checked = set()
    for metric, checkers in array_api_metric_checkers.items():
        for check in checkers:
            check(metric, "ravop", None, "float64")
            checked.add(str(metric))
    print(len(checked) >= 50, graph.waits > 1000)
"""


@pytest.mark.long
def test_its_estimators_give_what_they_give_on_numpy(
    server: Server, contributor: Callable[..., Contributor], script: Callable[..., Script]
) -> None:
    contributor("ann")
    lines = script(ROOT / "examples" / "scikit_learn" / "estimators.py").output(120).splitlines()
    assert len(lines) > 18
    assert [line for line in lines[1:] if not line.endswith("equal to NumPy")] == []
    until(lambda: server.computed_ops("ann") > 1000, "ann has computed it")


@pytest.mark.long
def test_its_own_checks_of_its_metrics_pass(
    server: Server, contributor: Callable[..., Contributor], script: Callable[..., Script]
) -> None:
    contributor("ann")
    assert script(METRICS).output(180) == "True True\n"
    until(lambda: server.computed_ops("ann") > 1000, "ann has computed it")
