"""What the heap costs: pages that the system has to hand out while the same tensors come and go."""

import json
import platform
import subprocess
import sys

import pytest

PAGES = """
import json, resource
from lmcspec.engine import heap

def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

def churn():
    before = faults()
    for _ in range(20):
        one, other = bytearray(b"x") * (8 * 2**20), bytearray(b"x") * (12 * 2**20)
        del one, other
    return faults() - before

usual = churn()
kept = heap.keep()
churn()
afterwards = churn()
heap.trim()
trimmed = churn()
print(json.dumps([usual, kept, afterwards, trimmed]))
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the heap can be told to keep memory in glibc only")
def test_what_is_freed_is_used_again_until_it_is_given_back() -> None:
    out = subprocess.run([sys.executable, "-c", PAGES], capture_output=True, text=True, check=True).stdout
    usual, kept, afterwards, trimmed = json.loads(out)
    assert kept
    # 20 MiB are 5,120 pages of 4 KiB, unless the system hands out larger ones.
    assert usual > 20
    assert afterwards < usual / 100
    assert trimmed > afterwards
