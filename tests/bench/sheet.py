"""The figures as they are collected: rows under headings, printed as one table and written as one page."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass
class Sheet:
    """Headings in order; under each a remark on how it was measured, and rows of (what, figure)."""

    remarks: dict[str, str] = field(default_factory=dict)
    rows: dict[str, list[tuple[str, str]]] = field(default_factory=dict)

    def section(self, heading: str, remark: str = "") -> None:
        """Open a heading, or add to the one of that name."""
        self.rows.setdefault(heading, [])
        self.remarks[heading] = " ".join(filter(None, (self.remarks.get(heading, ""), remark)))

    def add(self, heading: str, what: str, figure: str) -> None:
        """One row under *heading*."""
        self.rows.setdefault(heading, []).append((what, figure))

    def table(self) -> str:
        """The rows for a terminal."""
        width = max((len(what) for rows in self.rows.values() for what, _figure in rows), default=0)
        lines = []
        for heading, rows in self.rows.items():
            lines.append(f"\n{heading}")
            lines += [f"  {what:<{width}}  {figure}" for what, figure in rows]
        return "\n".join(lines).strip() + "\n"

    def markdown(self, title: str, preface: str) -> str:
        """The rows as a page."""
        parts = [f"# {title}\n\n{preface.strip()}\n"]
        for heading, rows in self.rows.items():
            remark = self.remarks.get(heading, "")
            lines = [f"| {what} | {figure} |" for what, figure in rows]
            table = "\n".join(["| | |", "|---|---|", *lines])
            parts.append("\n\n".join(filter(None, (f"## {heading}", remark, table))) + "\n")
        return "\n".join(parts)


def quantile(values: Sequence[float], share: float) -> float:
    """The value below which *share* of the values lie (nearest rank); *values* must not be empty."""
    ranked = sorted(values)
    return ranked[max(0, math.ceil(share * len(ranked)) - 1)]


def spread(seconds: Sequence[float]) -> str:
    """Median and 95th percentile of durations in seconds, in words and milliseconds."""
    if not seconds:
        return "not measured: no answer"
    p50, p95 = (quantile(seconds, share) * 1000 for share in (0.5, 0.95))
    return f"p50 {p50:.0f} ms, p95 {p95:.0f} ms (n = {len(seconds)})"
