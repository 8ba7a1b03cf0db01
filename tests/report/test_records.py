"""Records and CSV, against a table written by hand."""

import csv
import io
import math

from results_for_tests import row

from lmcspec.report.records import COLUMNS, records, write_csv

ROWS = [
    row(1 / 3, case="lr=0.1,width=8", task="aa"),
    row(None, network="imp[rewind=20it]", sparsity=None, density=None, n=0, outcome="missing", task="bb"),
    row(math.nan, metric="test/loss", headline=False, outcome="diverged", task="cc"),
    row(0.02, measure="stability", metric="instability/test", at="3ep", at_updates=69, n=3, task="dd"),
    row(0.5, measure="stability", metric="instability/test", at="0ep", task="ee"),
    row(0.1, measure="stability", metric="instability/test", at="0ep", task="ff", through=23, headline=False),
]

GOLDEN = """\
case,network,level,replicate,measure,metric,k,k_updates,value,sparsity,density,n,outcome,headline,task,run,through,floor,under
"lr=0.1,width=8",imp,1,0,accuracy,test/accuracy,,,0.3333333333333333,0.2,0.8,1,ok,true,aa,r1,,,
,imp[rewind=20it],1,0,accuracy,test/accuracy,,,,,,0,missing,true,bb,,,,
,imp,1,0,accuracy,test/loss,,,nan,0.2,0.8,1,diverged,false,cc,,,,
,imp,1,0,stability,instability/test,3ep,69,0.02,0.2,0.8,3,ok,true,dd,r2,,,
,imp,1,0,stability,instability/test,0,0,0.5,0.2,0.8,1,ok,true,ee,,,,
,imp,1,0,stability,instability/test,0,0,0.1,0.2,0.8,1,ok,false,ff,,23,,
"""


def test_csv():
    file = io.StringIO()
    write_csv(records(ROWS, {"aa": "r1", "dd": "r2", "zz": "r3"}), file)
    assert file.getvalue() == GOLDEN


def test_values_survive_csv_to_the_last_bit():
    file = io.StringIO()
    write_csv(records(ROWS, {}), file)
    read = list(csv.DictReader(io.StringIO(file.getvalue())))
    assert float(read[0]["value"]) == 1 / 3
    assert math.isnan(float(read[2]["value"]))


def test_records_have_nothing_where_there_is_nothing():
    first, second, *_ = records(ROWS, {"aa": "r1"})
    assert tuple(first) == COLUMNS
    assert (first["k"], first["k_updates"], first["run"]) == (None, None, "r1")
    assert (second["value"], second["sparsity"], second["run"]) == (None, None, None)
