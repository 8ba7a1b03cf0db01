"""How many random examples a property is tested with: 50, the same ones each time, or a thousand new ones.

LMCSPEC_HYPOTHESIS=full asks for the thousand. A test whose examples are slow, or soon done, takes a share of its own:
`@settings(max_examples=examples(0.5))`. None sets a number that stays the same in both.
"""

import os

import hypothesis

PROFILE = os.environ.get("LMCSPEC_HYPOTHESIS", "ci")
FEWEST = 5

hypothesis.settings.register_profile(
    "ci",
    max_examples=50,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.register_profile(
    "full", parent=hypothesis.settings.get_profile("ci"), max_examples=1000, derandomize=False, print_blob=True
)
hypothesis.settings.load_profile(PROFILE)


def thorough(quick: int, full: int) -> int:
    """A number for either profile, where the thousand would be too few: files of strangers, byte by byte."""
    return full if PROFILE == "full" else quick


def examples(share: float) -> int:
    """That share of the profile's examples, but never fewer than five."""
    return max(FEWEST, round(share * hypothesis.settings.get_profile(PROFILE).max_examples))
