"""What a worker on another machine says: there and back, and whatever else may come."""

import json
import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lmcspec.base.documents import DocumentError
from lmcspec.engine.failures import Failure
from lmcspec.engine.messages import decode, encode, encode_trouble
from lmcspec.engine.report import Report
from lmcspec.engine.runner import Ended, Lost, Passed, Progressed, Ready, Replaced, Reported

STATE = "ab" * 32
ALONG = "ef" * 32
DONE = Report("done", 1.5, "diverged", {"error": math.inf, "curve": {"loss": [1, 2.5]}}, (STATE,), None, "", "a note")
FAILED = Report(
    "failed", 0.0, failure=Failure("user", "no such file", "DataError", "put it there", "/x/log", ("a", "b"))
)
EVENTS = [
    Ready(3, 0),
    Progressed(3, 5, 10, "loss 0.5"),
    Passed(3, STATE),
    Reported(3, DONE),
    Reported(3, FAILED),
    Reported(3, Report("interrupted", 0.0, failure=Failure("interrupted", "stopped"))),
    Reported(3, Report("busy", 0.0, holder="process 5 on b")),
    Ended(3, ALONG, DONE),
    Ended(3, ALONG, FAILED),
    Ended(3, ALONG, Report("apart", 0.0, note="no quicker")),
    Lost(3, True, "ended by SIGSEGV", "/store/attempts/x", ("last", "words")),
    Replaced(3, "it grew"),
]


def test_every_event_comes_as_it_went():
    heard = decode(encode(EVENTS, "/store/attempts/x"), 3, {STATE}, {ALONG})
    assert list(heard.events) == EVENTS and heard.attempt == "/store/attempts/x" and heard.trouble is None


def test_numbers_that_are_none_travel():
    (heard,) = decode(encode([Reported(0, Report("done", 1.0, scalars={"error": math.nan}))]), 0).events
    assert math.isnan(heard.report.scalars["error"])


def test_trouble_travels():
    assert decode(encode_trouble("no GPU", "use another"), 0).trouble == {"message": "no GPU", "help": "use another"}


def test_nothing_is_taken_that_was_not_asked_for():
    for event in (Passed(0, STATE), Reported(0, DONE), Ended(0, ALONG, Report("apart", 0.0))):
        with pytest.raises(DocumentError, match="not asked for"):
            decode(encode([event]), 0, {"cd" * 32}, {"cd" * 32})


def test_what_a_terminal_would_obey_is_spelled_out():
    (lost,) = decode(encode([Lost(0, True, "\x1b[2Jgone\nerror: x", "", ())]), 0).events
    assert lost.why == "\\x1b[2Jgone\\nerror: x"


@pytest.mark.parametrize(
    "data",
    [
        None, 3, "text", {"events": []}, b"", b"{", b"null", b"[]", b"\xff\xfe", b"[" * 10**5, b"x" * (2**24 + 1),
        b'{"events": [{"event": "ready"}, {"event": "exec"}]}', b'{"events": [{"event": "passed", "byproduct": "../../x"}]}',
        b'{"events": [{"event": "progressed", "done": -1, "total": 1, "note": ""}]}',
        b'{"events": [{"event": "progressed", "done": 1e300, "total": 1, "note": ""}]}',
        b'{"events": {"event": "ready"}}', b'{"attempt": 3}', b'{"trouble": "x"}', b'{"events": [{"event": "lost"}]}',
        b'{"events": [' + b'{"event": "ready"},' * 10_000 + b'{"event": "ready"}]}',
    ],
)  # fmt: skip
def test_anything_else_is_an_error_that_says_what_it_is(data):
    with pytest.raises(DocumentError, match="what a worker said"):
        decode(data, 0, {STATE})


def reported(**changes):
    document = json.loads(encode([Reported(0, FAILED)]))
    document["events"][0]["report"].update(changes)
    return json.dumps(document).encode()


@pytest.mark.parametrize(
    "changes",
    [
        {"status": "done"}, {"status": "finished"}, {"status": "failed", "failure": None}, {"seconds": -1.0},
        {"seconds": "1"}, {"seconds": {"nonfinite": "inf"}}, {"scalars": []}, {"byproducts": [STATE, "x"]},
        {"failure": {"reason": "user"}}, {"failure": {"reason": "exec", "message": "", "type": "", "help": "", "log": "", "last_lines": []}},
        {"note": "x" * 200_000}, {"outcome": None},
    ],
)  # fmt: skip
def test_a_report_of_another_form(changes):
    with pytest.raises(DocumentError):
        decode(reported(**changes), 0, {STATE})


def test_ten_thousand_messages_with_bits_flipped_cut_or_put_together():
    draws = random.Random(5)
    whole = [encode([event], "/a") for event in EVENTS]
    taken = 0
    for _ in range(10_000):
        data = bytearray(draws.choice(whole))
        for _ in range(draws.randrange(1, 4)):
            at = draws.randrange(len(data))
            match draws.randrange(4):
                case 0:
                    data[at] ^= 1 << draws.randrange(8)
                case 1:
                    del data[at : at + draws.randrange(1, 20)]
                case 2:
                    other = draws.choice(whole)
                    data[at:at] = other[draws.randrange(len(other)) :][:30]
                case _:
                    data[at : at + 1] = draws.choice([b'"', b"{", b"}", b"[", b"1e999", b"null", b"-", b"\\u0000"])
            if not data:
                data = bytearray(b"x")
        try:
            heard = decode(bytes(data), 7, {STATE})
        except DocumentError:
            continue
        taken += 1
        for event in heard.events:
            assert event.slot == 7
            if isinstance(event, Passed):
                assert event.byproduct == STATE
            if isinstance(event, Reported):
                assert set(event.report.byproducts) <= {STATE} and event.report.seconds >= 0
    assert 0 < taken < 9_000


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**40), 2**40)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@given(
    st.dictionaries(
        st.sampled_from(["attempt", "events", "trouble"]),
        JSON
        | st.lists(
            st.dictionaries(
                st.sampled_from(["event", "report", "why", "done", "total", "note", "byproduct"]),
                JSON | st.sampled_from(["ready", "reported"]),
            )
        ),
    )
)
def test_no_document_gets_through_as_anything_but_events(document):
    try:
        heard = decode(json.dumps(document).encode(), 1)
    except DocumentError:
        return
    assert all(isinstance(event, Ready | Progressed | Passed | Reported | Lost | Replaced) for event in heard.events)
