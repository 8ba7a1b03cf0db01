"""What a caption tells of planes through networks of partners."""

from dataclasses import dataclass

from lmcspec.report.figures.plane_marks import words_of


@dataclass
class Panel:
    title: str
    words: tuple[str, ...]
    ways: tuple = ()


def test_a_number_is_called_what_it_is_in_each_panel():
    """What is projected and already an anchor of a plane is left out there, so that numbers move up."""
    anchors = ("first partner", "second partner, permuted as the title says")
    panels = [
        Panel("dense, under am", (*anchors, "second partner, under wm", "third partner")),
        Panel("dense, under wm", (*anchors, "second partner, under am")),
    ]
    assert words_of(panels).startswith(
        " By number: 0 first partner; 1 second partner, permuted as the title says; "
        "2 second partner, under wm (in dense, under am) or second partner, under am (in dense, under wm); "
        "3 third partner. "
    )
    assert words_of([Panel("dense", ())]) == ""
