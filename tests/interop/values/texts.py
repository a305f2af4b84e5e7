"""STATUS, CAPABILITY and STRING, as texts.cpp writes them."""

from __future__ import annotations

from tests.interop.values.building import message

TEXTS = {
    "status": message(
        "STATUS",
        "Scanner",
        10,
        code=4,
        subcode=-0x123456789ABCDEF0,
        error_name="NotFound",
        text="no such image: CT-7",
    ),
    "status-empty": message("STATUS", "Scanner", 11, code=1, subcode=0, error_name="", text=""),
    "status-shut-down": message(
        "STATUS",
        "Scanner",
        12,
        code=19,
        subcode=7,
        error_name="Error_of_19_letters",
        text="gantry µ",
    ),
    # A name of twelve letters fills its field: no NUL.
    "capability": message(
        "CAPABILITY", "Scanner", 13, types=["TRANSFORM", "GET_POLYDATA", "IMAGE"]
    ),
    "string": message("STRING", "Console", 14, encoding=3, text="Hello, OR 2!"),
    "string-empty": message("STRING", "Console", 15, encoding=3, text=""),
    "string-utf8": message("STRING", "Konsole-ü", 16, encoding=106, text="Kühlung 37 °C"),
    # As Latin-1; `golden read` tells bytes that are no UTF-8 by surrogate escapes.
    "string-latin1": message("STRING", "Console", 17, encoding=4, text="été"),
}
