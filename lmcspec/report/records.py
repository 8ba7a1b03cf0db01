"""Rows of results as plain records with fixed columns, for JSON, CSV and data frames."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TextIO

from lmcspec.report.tidy import Row

COLUMNS = (
    *("case", "network", "level", "replicate", "measure", "metric", "k", "k_updates"),
    *("value", "sparsity", "density", "n", "outcome", "headline", "task", "run", "through", "floor", "under"),
)
"""In this order; one that comes later stands at the end."""


def records(rows: Iterable[Row], runs: Mapping[str, str]) -> list[dict[str, Any]]:
    """A record per row: `k` and `k_updates` are None for all but stability, `run` where no MLflow run is known.

    `through` is None but for copies that are compared on their way, after so many updates; `floor` but for numbers read
    off paths: what the choice of images alone stays below in 19 of 20 cases; `under` but for two partners' networks.
    """
    return [_record(row, runs) for row in rows]


def _record(row: Row, runs: Mapping[str, str]) -> dict[str, Any]:
    record = {
        "metric": row.metric.name,
        "k": row.k or None,
        "k_updates": row.k_updates,
        "run": runs.get(row.task),
        "under": row.under or None,
    }
    return {column: record[column] if column in record else getattr(row, column) for column in COLUMNS}


def write_csv(records: Iterable[Mapping[str, Any]], file: TextIO, columns: Sequence[str] = COLUMNS) -> None:
    """A header and a line per record. Nothing is an empty cell, truth is `true` or `false`, floats are exact."""
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([_cell(record[column]) for column in columns] for record in records)


def _cell(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case float():
            return repr(value)
        case _:
            return str(value)
