"""What the page asks for piece by piece: pictures, scenes, and the stream of a video."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator, Sequence
from typing import cast, get_args

from aiohttp import WSCloseCode, WSMsgType, web

from igtl.codec.buffers import Buffer
from igtl.errors import MissingExtraError
from igtl.viewer.broadcast import Watcher
from igtl.viewer.browser import DEADLINE, send_within
from igtl.viewer.encoding import Jpegs, raw
from igtl.viewer.h264 import Broadcasts
from igtl.viewer.picture_stream import PictureStream
from igtl.viewer.session import Session
from igtl.viewer.slices import Axis

__all__ = ["Asked", "number"]

_PATIENCE_S = 10.0
_NUMBER = re.compile(r"\d{1,15}", re.ASCII)
_CODECS = re.compile(r"[a-z0-9]{4}(,[a-z0-9]{4}){,9}", re.ASCII)
_BINARY = "application/octet-stream"
#: {"shown":SEQ} is short.
_LONGEST_REPLY = 100
#: Bytes that a WebSocket's end can say.
_LONGEST_REASON = 120
#: Bytes of a picture that are sent at once.
_PART = 1 << 18


class Asked:
    """Answers requests for pictures and scenes of a session. To be used in one event loop.

    Args:
        session: what is looked at.
        deadline: s after which a browser that takes nothing is thrown out.
    """

    def __init__(self, session: Session, deadline: float) -> None:
        self._session, self._deadline = session, deadline
        self._jpegs, self._broadcasts = Jpegs(), Broadcasts()

    def close(self) -> None:
        """Stop all threads."""
        self._broadcasts.close()

    async def picture(self, request: web.Request) -> web.StreamResponse:
        """`/api/picture/ROW`: the newest picture, when it is newer than `after`."""
        stream, after = self._stream(request), number(request.query.get("after", "0"), "after")
        axis, index = _axis(request), _slice(request)
        encode = _format(request)
        picture = await stream.after(after, _PATIENCE_S)
        if picture is None:
            return _nothing(stream.note)
        skipped = max(0, picture.seq - after - 1) if after else 0
        if encode == "raw":
            return await self._binary(request, raw(picture.slice(axis, index), skipped=skipped))
        try:
            pieces = await self._jpegs.envelope(picture, axis, index, skipped=skipped)
        except MissingExtraError as error:
            raise web.HTTPNotImplemented(text=str(error)) from None
        return await self._binary(request, pieces)

    async def scene(self, request: web.Request) -> web.StreamResponse:
        """`/api/scene/ROW`: the newest points, trajectories or surface."""
        scene = self._session.scenes.of(number(request.match_info["row"], "row"))
        if scene is None:
            raise _no_row(request, "points, trajectories or a surface")
        drawing = await scene.after(number(request.query.get("after", "0"), "after"), _PATIENCE_S)
        if drawing is None:
            return _nothing(scene.note)
        return await self._binary(request, drawing.envelope)

    async def video(self, request: web.Request) -> web.StreamResponse:
        """`/api/video/ROW`: pictures as H.264, as fast as they are shown.

        With `codecs`, such as "avc1,vp09": the frames of who sends VIDEO, as they came.
        """
        watcher = self._watcher(request)
        try:
            socket = web.WebSocketResponse(
                heartbeat=DEADLINE, compress=False, max_msg_size=_LONGEST_REPLY, timeout=1.0
            )
            await socket.prepare(request)
            sending = asyncio.create_task(self._show(watcher, socket, request))
            try:
                await _hear(watcher, socket)
            finally:
                sending.cancel()
        finally:
            watcher.close()
        return socket

    def _watcher(self, request: web.Request) -> Watcher:
        stream, codecs = self._stream(request), request.query.get("codecs")
        if codecs is None:
            try:
                return self._broadcasts.watch(stream)
            except MissingExtraError as error:
                raise web.HTTPNotImplemented(text=str(error)) from None
        if not _CODECS.fullmatch(codecs):
            raise web.HTTPBadRequest(text=f"codecs is {codecs!r:.60}, expected avc1,vp09,av01\n")
        if stream.relay is None:
            raise _no_row(request, "VIDEO")
        return stream.relay.watch(frozenset(codecs.split(",")))

    def _stream(self, request: web.Request) -> PictureStream:
        stream = self._session.pictures.of(number(request.match_info["row"], "row"))
        if stream is None:
            raise _no_row(request, "pictures")
        return stream

    async def _show(
        self, watcher: Watcher, socket: web.WebSocketResponse, request: web.Request
    ) -> None:
        """Send what is to be watched, until the browser is gone or takes nothing more."""
        try:
            while (news := await watcher.next()) is not None:
                what = json.dumps({"note": news}) if isinstance(news, str) else b"".join(news)
                await send_within(self._deadline, socket, what)
            why = watcher.why.encode()[:_LONGEST_REASON].decode(errors="ignore")
            await socket.close(code=WSCloseCode.INTERNAL_ERROR, message=why.encode())
        except (ConnectionError, TimeoutError):
            if request.transport is not None:
                request.transport.abort()

    async def _binary(self, request: web.Request, pieces: Sequence[Buffer]) -> web.StreamResponse:
        """An envelope, piece by piece: large arrays are sent from where they lie."""
        response = web.StreamResponse(headers={"Content-Type": _BINARY})
        response.content_length = sum(len(piece) for piece in pieces)
        async with asyncio.timeout(self._deadline):
            await response.prepare(request)
        for part in _parts(pieces):
            async with asyncio.timeout(self._deadline):
                await response.write(part)
        return response


async def _hear(watcher: Watcher, socket: web.WebSocketResponse) -> None:
    """Take what the browser says it has shown, until it is gone."""
    async for message in socket:
        found = re.fullmatch(r'\{"shown": ?(\d{1,15})\}', str(message.data), re.ASCII)
        if message.type is WSMsgType.TEXT and found:
            watcher.shown(int(found[1]))


def _parts(pieces: Sequence[Buffer]) -> Iterator[memoryview]:
    """The pieces, cut such that a slow browser can take each in time; nothing is copied."""
    for piece in pieces:
        view = memoryview(piece)
        for start in range(0, len(view), _PART):
            yield view[start : start + _PART]


def _nothing(note: str) -> web.Response:
    """Nothing newer; a header says why, as far as it can be said in ASCII."""
    shown = "".join(c if c.isascii() and c.isprintable() else "?" for c in note)
    return web.Response(status=204, headers={"X-Igtl-Note": shown} if shown else {})


def number(text: str, what: str) -> int:
    """A number out of a URL.

    Raises:
        HTTPBadRequest: it is none.
    """
    if not _NUMBER.fullmatch(text):
        raise web.HTTPBadRequest(text=f"{what} is {text!r:.40}, expected a whole number\n")
    return int(text)


def _axis(request: web.Request) -> Axis:
    axis = request.query.get("axis", "k")
    if axis not in get_args(Axis):
        raise web.HTTPBadRequest(text=f"axis is {axis!r:.40}, expected i, j or k\n")
    return cast(Axis, axis)


def _slice(request: web.Request) -> int | None:
    text = request.query.get("slice")
    return None if text is None else number(text, "slice")


def _format(request: web.Request) -> str:
    form = request.query.get("as", "raw")
    if form not in ("raw", "jpeg"):
        raise web.HTTPBadRequest(text=f"as is {form!r:.40}, expected raw or jpeg\n")
    return form


def _no_row(request: web.Request, what: str) -> web.HTTPNotFound:
    row = request.match_info["row"]
    return web.HTTPNotFound(text=f"row {row} has no {what}; /api/board lists all rows\n")
