"""Random TOML documents in all the spellings there are, for hypothesis."""

import tomli
from hypothesis import strategies as st

CHARS = st.characters(codec="utf-8", exclude_characters="\0\r\n\"'\\", exclude_categories=("Cc", "Cs"))
BARE = st.text("abzAZ09_-", min_size=1, max_size=5)
ESCAPES = st.sampled_from(["\\n", "\\t", '\\"', "\\\\", "\\u00e9", "\\U0001F600"])
SPACE = st.sampled_from(["", "", " ", "\t", "  "])
BLANK = st.sampled_from(["", " ", "\n", " # note = [\n", "\n\t\n", '\n# "x\n  '])


@st.composite
def keys(draw, name: str) -> str:
    """A spelling of a key that begins with `name`, so that keys of one table differ."""
    style = draw(st.sampled_from(["bare", "bare", "basic", "literal"]))
    if style == "bare":
        return name + draw(BARE)
    if style == "literal":
        return f"'{name}{draw(st.text(CHARS, max_size=4))}. #'"
    pieces = draw(st.lists(st.one_of(st.text(CHARS, max_size=3), ESCAPES), max_size=3))
    return f'"{name}{"".join(pieces)}.=#"'


@st.composite
def strings(draw) -> str:
    style = draw(st.sampled_from(["basic", "literal", "long", "long literal"]))
    text = st.text(CHARS, max_size=6)
    if style == "literal":
        return f"'{draw(text)}\"# ]'"
    if style == "basic":
        return '"' + "".join(draw(st.lists(st.one_of(text, ESCAPES, st.just("'# }")), max_size=4))) + '"'
    if style == "long literal":
        return (
            "'''"
            + draw(st.sampled_from(["", "\n", "\na\n"]))
            + draw(text)
            + draw(st.sampled_from(["", "'", "''"]))
            + "'''"
        )
    inside = st.one_of(text, ESCAPES, st.sampled_from(["\n", 'x"y', '""z', "\\\n   ", "# no comment\n"]))
    return '"""' + "".join(draw(st.lists(inside, max_size=4))) + draw(st.sampled_from(["", '"', '""'])) + '"""'


SCALARS = st.one_of(
    strings(),
    st.sampled_from(["0", "+17", "-3", "1_000", "0xDEADbeef", "0o17", "0b101", "true", "false"]),
    st.sampled_from(["1.5", "-0.25", "5e-4", "6.02E+23", "inf", "-inf", "nan", "9_224.445"]),
    st.sampled_from(
        ["1979-05-27", "07:32:05", "1979-05-27T07:32:01Z", "1979-05-27 07:32:01.125", "1979-05-27 07:32:01-07:00"]
    ),
)


@st.composite
def values(draw, depth: int = 2) -> str:
    sort = draw(st.sampled_from(["scalar", "scalar", "array", "table"])) if depth else "scalar"
    if sort == "scalar":
        return draw(SCALARS)
    gap = lambda: draw(BLANK)  # noqa: E731
    count = draw(st.integers(0, 3))
    if sort == "array":
        items = [gap() + draw(values(depth=depth - 1)) + gap() for _ in range(count)]
        return "[" + ",".join(items) + (draw(st.sampled_from(["", ","])) if items else "") + gap() + "]"
    items = [gap() + draw(pairs(f"i{index}", depth=depth - 1)) + gap() for index in range(count)]
    return "{" + ",".join(items) + (draw(st.sampled_from(["", ","])) if items else "") + gap() + "}"


@st.composite
def pairs(draw, name: str, depth: int = 2) -> str:
    parts = [draw(keys(name)), *(draw(keys("d")) for _ in range(draw(st.sampled_from([0, 0, 1, 2]))))]
    dot = draw(SPACE) + "." + draw(SPACE)
    return dot.join(parts) + draw(SPACE) + "=" + draw(SPACE) + draw(values(depth=depth))


@st.composite
def sections(draw, number: int) -> list[str]:
    """A table or an array of tables, with tables inside."""
    outer = draw(keys(f"s{number}"))
    inner = draw(keys("t"))
    dot = draw(SPACE) + "." + draw(SPACE)
    body = lambda: [draw(pairs(f"k{index}")) for index in range(draw(st.integers(0, 2)))]  # noqa: E731
    match draw(st.sampled_from(["table", "nested only", "nested first", "array", "array with tables", "dotted twice"])):
        case "table":
            return [f"[{draw(SPACE)}{outer}{draw(SPACE)}]", *body(), f"[{outer}{dot}{inner}]", *body()]
        case "nested only":
            return [f"[{outer}{dot}{inner}{dot}{draw(keys('u'))}]", *body()]
        case "nested first":
            return [f"[{outer}{dot}{inner}]", *body(), f"[{outer}]", *body()]
        case "array":
            return [line for _ in range(draw(st.integers(1, 3))) for line in [f"[[{outer}]]", *body()]]
        case "array with tables":
            one = lambda: [f"[[{outer}]]", *body(), f"[{outer}{dot}{inner}]", *body(), f"[[{outer}{dot}w]]", *body()]  # noqa: E731
            return [*one(), f"[[{outer}{dot}w]]", *one()]
        case _:
            return [f"[{outer}]", f"{inner}{dot}a = 1", f"{inner}{dot}b = {draw(values())}", *body()]


@st.composite
def documents(draw) -> str:
    """A document that tomli accepts."""
    lines = [draw(pairs(f"r{index}")) for index in range(draw(st.integers(0, 3)))]
    for number in range(draw(st.integers(0, 3))):
        lines += draw(sections(number))
    ends = st.sampled_from(["", " # note", "\t", "\n", "\n# [x]\n\n"])
    text = "\n".join(draw(SPACE) + line + draw(ends) for line in lines)
    text += draw(st.sampled_from(["", "\n"]))
    try:
        tomli.loads(text)
    except tomli.TOMLDecodeError:  # such as a newline in an inline table, for a tomli that knows TOML 1.0 only
        return "a = 1\n"
    return text
