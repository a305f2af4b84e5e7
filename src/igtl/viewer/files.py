"""The files of the page, which were built into this folder's `page`."""

from __future__ import annotations

import re
from pathlib import Path

from aiohttp import web

from igtl.viewer.guard import PAGE_HEADERS

__all__ = ["PAGE", "page_file"]

PAGE = Path(__file__).parent / "page"
"""Where the built page is."""

_NOT_BUILT = (
    "The page is not built. In a checkout, build it with Node:\n\n"
    "    cd frontend && npm ci && npm run build\n\n"
    "or install igtl from a wheel, which has it: pip install 'igtl[view]'\n"
)
#: Not as the system says: where it has another opinion, browsers would refuse scripts.
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".woff2": "font/woff2",
    ".wasm": "application/wasm",
    ".json": "application/json",
    ".map": "application/json",
    ".txt": "text/plain; charset=utf-8",
}
_NAME = re.compile(r"[\w-][\w.-]*(/[\w-][\w.-]*)?", re.ASCII)


def page_file(folder: Path, name: str) -> web.StreamResponse:
    """The answer to who asks for a file of the page; "" is the page itself."""
    if not (folder / "index.html").is_file():
        return web.Response(status=503, text=_NOT_BUILT, headers=PAGE_HEADERS)
    name = name or "index.html"
    path = folder / name
    kind = _TYPES.get(path.suffix)
    if kind is None or not _NAME.fullmatch(name) or not _is_inside(path, folder):
        return web.Response(status=404, text=f"there is no {name!r} here\n", headers=PAGE_HEADERS)
    return web.FileResponse(path, headers={**PAGE_HEADERS, "Content-Type": kind})


def _is_inside(path: Path, folder: Path) -> bool:
    """Whether it is a file of the folder, wherever links lead to."""
    return path.is_file() and path.resolve().is_relative_to(folder.resolve())
