"""Makes the studies and results of these tests importable; those that several modules draw are made once."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from results_for_tests import plan_of
from rewound_for_tests import CASES, TEXT, results


@pytest.fixture(scope="session")
def plan():
    return plan_of(TEXT)


@pytest.fixture(scope="session")
def store(plan):
    return results(plan)


@pytest.fixture(scope="session")
def cases():
    return plan_of(TEXT + CASES)


@pytest.fixture(scope="session")
def of_cases(cases):
    return results(cases)
