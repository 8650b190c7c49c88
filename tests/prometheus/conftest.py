"""A failed test shows what the processes said that it watched."""

from __future__ import annotations

from collections.abc import Generator

import pytest
from monitored import Monitored


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.failed:
        for value in getattr(item, "funcargs", {}).values():
            if isinstance(value, Monitored):
                report.sections.extend(value.logs().items())
    return report
