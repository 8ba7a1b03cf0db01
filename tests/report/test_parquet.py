"""Results as Parquet: the rows and columns of the CSV."""

import csv
import io
import math

import pandas
from pyarrow import parquet

from lmcspec.report.parquet import REAL, TRUTHS, WHOLE, write_parquet
from lmcspec.report.records import COLUMNS, write_csv


def record(**values):
    return dict.fromkeys(COLUMNS) | {"level": 0, "replicate": 0, "n": 1, "headline": True, "network": "imp"} | values


ROWS = [
    record(case="a,b", value=0.1 + 0.2, sparsity=1 / 3, k="0", k_updates=0),
    record(headline=False, value=math.nan, through=2**40, outcome="diverged"),
    record(network="ü[rewind=0]", value=math.inf, floor=-0.0, task="0" * 64),
]


def test_it_holds_what_the_csv_holds(tmp_path):
    write_parquet(ROWS, tmp_path / "x.parquet")
    text = io.StringIO(newline="")
    write_csv(ROWS, text)
    lines = list(csv.DictReader(io.StringIO(text.getvalue())))
    table = parquet.read_table(tmp_path / "x.parquet")
    assert tuple(table.column_names) == COLUMNS == tuple(lines[0])
    for row, line in zip(table.to_pylist(), lines, strict=True):
        for name, value in row.items():
            if value is None:
                assert line[name] == ""
            elif name in REAL:
                assert repr(value) == line[name]
            else:
                assert str(value).lower() == line[name].lower()


def test_columns_have_types_even_where_nothing_is_known(tmp_path):
    assert {*WHOLE, *REAL, *TRUTHS} <= set(COLUMNS)
    write_parquet([], tmp_path / "x.parquet")
    types = {field.name: str(field.type) for field in parquet.read_schema(tmp_path / "x.parquet")}
    assert {types[name] for name in WHOLE} == {"int64"} and {types[name] for name in REAL} == {"double"}
    assert types["headline"] == "bool" and types["network"] == "string"
    assert list(pandas.read_parquet(tmp_path / "x.parquet").columns) == list(COLUMNS)
