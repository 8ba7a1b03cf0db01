"""What macOS, which has no /proc, says of itself."""

import ctypes

LONGEST = 256


def said(name: str) -> str:
    """The text under a name such as `kern.bootsessionuuid`; "" where the system has no such thing, as Linux has not."""
    ask = getattr(ctypes.CDLL(None), "sysctlbyname", None)
    if ask is None:
        return ""
    text, size = ctypes.create_string_buffer(LONGEST), ctypes.c_size_t(LONGEST)
    refused = ask(name.encode(), text, ctypes.byref(size), None, ctypes.c_size_t(0))
    return "" if refused else text.value.decode(errors="replace")
