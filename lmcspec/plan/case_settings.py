"""What tells the cases of a sweep apart, as figures take it for an axis: `model.width` of each case."""

from collections.abc import Mapping
from dataclasses import dataclass

from lmcspec.plan.graph import Plan

Value = str | float | int | bool
WIDTHS = ("model.width", "model.widths")
"""What is on an axis of cases unless told, where they differ in it."""


@dataclass(frozen=True, slots=True)
class CaseAxis:
    """The setting that stands on x, and what else tells cases apart."""

    key: str
    values: Mapping[str, Value]
    """Of each case that has the setting."""
    groups: Mapping[str, str]
    """What the name of each of these cases says beyond x: cases that agree in it differ in x alone."""


def case_settings(plan: Plan) -> dict[str, dict[str, Value]]:
    """By setting and case what all networks of a case share, and what its name says; of that in which cases differ.

    Settings are called as in series, `model.width`; what a case's name says as it stands there, `width`, and the name
    of an entry of `sweep.cases` is its `case`.
    """
    cases = list(dict.fromkeys(series.case for series in plan.series))
    by_case: dict[str, dict[str, Value]] = {}
    for case in cases:
        every = [series.params for series in plan.series if series.case == case]
        shared = {
            key: value
            for key, value in every[0].items()
            if key not in ("network", "case") and all(other.get(key) == value for other in every)
        }
        by_case[case] = {**_said(case), **shared}
    keys = dict.fromkeys(key for settings in by_case.values() for key in settings)
    settings = {key: {case: by_case[case][key] for case in cases if key in by_case[case]} for key in keys}
    return {key: values for key, values in settings.items() if len(set(map(str, values.values()))) > 1}


def case_axis(plan: Plan, x: str | None) -> CaseAxis | None:
    """The axis that `x` names by its path in the spec, or by the end of it; None where cases don't differ in it.

    Unless told it is the model's width, else the only setting that the names of cases say.
    """
    settings = case_settings(plan)
    key = _meant(settings, x) if x else _usual(plan, settings)
    if key is None:
        return None
    values = settings[key]
    return CaseAxis(key, values, _groups(values))


def _meant(settings: Mapping[str, object], x: str) -> str | None:
    for fits in (
        lambda key: key == x,
        lambda key: "." not in key and x.endswith(f".{key}"),
        lambda key: key.endswith(f".{x}"),
    ):
        if (key := next(filter(fits, settings), None)) is not None:
            return key
    return None


def _usual(plan: Plan, settings: Mapping[str, object]) -> str | None:
    if (width := next((key for key in WIDTHS if key in settings), None)) is not None:
        return width
    said = list(dict.fromkeys(key for series in plan.series for key in _said(series.case) if key in settings))
    return said[0] if len(said) == 1 and said != ["case"] else None


def _groups(values: Mapping[str, Value]) -> dict[str, str]:
    """What of the names of cases does not follow from the value on x."""
    said = {case: _said(case) for case in values}
    at: dict[str, list[str]] = {}
    for case, value in values.items():
        at.setdefault(str(value), []).append(case)
    keys = dict.fromkeys(key for of_case in said.values() for key in of_case)
    free = [key for key in keys if any(len({said[case].get(key) for case in cases}) > 1 for cases in at.values())]
    return {
        case: ",".join(of_case[key] if key == "case" else f"{key}={of_case[key]}" for key in free if key in of_case)
        for case, of_case in said.items()
    }


def _said(case: str) -> dict[str, str]:
    """`{"case": "deep", "width": "8"}` of the case `deep,width=8`."""
    parts = [part.partition("=") for part in case.split(",") if part]
    return {key if equals else "case": value if equals else key for key, equals, value in parts}
