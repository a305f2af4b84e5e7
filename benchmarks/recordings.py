"""igtl's side of the rows of recordings: `igtl.Recorder`, `igtl.read` and `igtl info`.

They are imported before the clock starts, as the other contenders are.
"""

from __future__ import annotations

import itertools
import subprocess
import sys
import time
from collections.abc import Mapping

from benchmarks import sessions, worker
from igtl.codec.frame import HEADER_SIZE
from igtl.recording.recorder import Recorder
from igtl.recording.recording import read as read_recording

__all__ = ["ROLES"]

#: Messages that come at once, as from one read of a socket.
TOGETHER = {"transform": 100, "rgb1080p": 1}
#: The device rests while so many messages wait, as one does whose connection is full.
MOST_WAITING = {"transform": 50_000, "rgb1080p": 20}
REST_S = 0.5e-3


def record(options: worker.Options) -> Mapping[str, float]:
    """Hands messages to a recorder as fast as it writes them."""
    kind = options["kind"]
    frames = sessions.frames_of(kind)
    together = list(itertools.islice(itertools.cycle(frames), TOGETHER[kind]))
    size, given = HEADER_SIZE + frames[0].body_size, 0
    turns = itertools.cycle([together] if len(together) > 1 else [[frame] for frame in frames])
    with sessions.room() as folder:
        start = time.perf_counter()
        end = start + float(options["seconds"])
        with Recorder(folder / "session.mcap") as recorder:
            while time.perf_counter() < end and given < sessions.most_of(size):
                if recorder.queued < MOST_WAITING[kind]:
                    recorder.write_all(next(turns), connection="tracker")
                    given += len(together)
                else:
                    time.sleep(REST_S)
        took = time.perf_counter() - start
        rate = recorder.messages / took
        return {"rate": rate, "gb_s": rate * size / 1e9, "dropped": recorder.dropped}


def read(options: worker.Options) -> Mapping[str, float]:
    """Goes through a recording message by message, and looks at each one's time and size."""
    messages = int(options["messages"])
    with sessions.recorded(messages) as path:
        start = time.perf_counter()
        with read_recording(path) as recording:
            found = sum(
                time_ns > 0 and len(frame.body) > 0 for time_ns, _, frame in recording.entries()
            )
        took = time.perf_counter() - start
    sessions.check(found, messages)
    return {"rate": messages / took}


def columns(options: worker.Options) -> Mapping[str, float]:
    """The matrices and times of one device."""
    messages = int(options["messages"])
    device = worker.device_names(sessions.DEVICES)[0]
    with sessions.recorded(messages) as path:
        start = time.perf_counter()
        with read_recording(path) as recording:
            poses = recording.poses(device)
        took = time.perf_counter() - start
    sessions.check(len(poses.times), sessions.poses(messages))
    return {"rate": messages / took}


def info(options: worker.Options) -> Mapping[str, float]:
    """The whole command, from start to end."""
    messages = int(options["messages"])
    with sessions.recorded(messages) as path:
        command = [sys.executable, "-m", "igtl", "info", str(path), "--json"]
        start = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.PIPE)
        return {"seconds": time.perf_counter() - start}


ROLES = {"record": record, "read": read, "columns": columns, "info": info}
