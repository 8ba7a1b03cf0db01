"""Rows of results as a Parquet file, for pandas, R, DuckDB and the like: the columns of the CSV, each of one type."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from lmcspec.report.records import COLUMNS

WHOLE = ("level", "replicate", "k_updates", "n", "through")
REAL = ("value", "sparsity", "density", "floor")
TRUTHS = ("headline",)
"""Columns of 64-bit integers, of 64-bit floats, and of truth values; all others are text."""


def write_parquet(records: Iterable[Mapping[str, Any]], file: Path) -> None:
    """Write a row per record; what is not known is null, and what is no number NaN."""
    import pyarrow
    from pyarrow import parquet

    types = {
        **dict.fromkeys(COLUMNS, pyarrow.string()),
        **dict.fromkeys(WHOLE, pyarrow.int64()),
        **dict.fromkeys(REAL, pyarrow.float64()),
        **dict.fromkeys(TRUTHS, pyarrow.bool_()),
    }
    table = pyarrow.Table.from_pylist(list(records), schema=pyarrow.schema(list(types.items())))
    parquet.write_table(table, file)
