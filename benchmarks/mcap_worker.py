"""The stock Python library of MCAP as its users call it: `Writer.add_message`, `iter_messages`."""

from __future__ import annotations

import importlib
import itertools
import time
from collections.abc import Mapping
from typing import Any

import numpy as np

from benchmarks import sessions, worker

mcap_reader: Any = importlib.import_module("mcap.reader")
mcap_writer: Any = importlib.import_module("mcap.writer")

HEADER_SIZE = 58


def record(options: worker.Options) -> Mapping[str, float]:
    """Writes chunks of 4 MiB without compression, as igtl does, one call a message."""
    frames = sessions.frames_of(options["kind"])
    data = itertools.cycle(frame.to_bytes() for frame in frames)
    size = len(frames[0].to_bytes())
    with sessions.room() as folder, (folder / "session.mcap").open("wb") as file:
        none = mcap_writer.CompressionType.NONE
        writer = mcap_writer.Writer(file, chunk_size=4 << 20, compression=none)
        writer.start("openigtlink")
        schema = writer.register_schema("openigtlink/TRANSFORM", "openigtlink", b"")
        channels = [
            writer.register_channel(f"/{number}", "openigtlink", schema)
            for number in range(len(frames))
        ]
        turn = itertools.cycle(channels)
        start = time.perf_counter()
        end, count = start + float(options["seconds"]), 0
        while time.perf_counter() < end and count < sessions.most_of(size):
            for _ in range(8):
                now = time.time_ns()
                writer.add_message(next(turn), now, next(data), now, count)
                count += 1
        writer.finish()
        file.flush()
        took = time.perf_counter() - start
    return {"rate": count / took, "gb_s": count * size / took / 1e9, "dropped": 0}


def read(options: worker.Options) -> Mapping[str, float]:
    """Goes through a recording message by message, and looks at each one's time and size."""
    messages = int(options["messages"])
    with sessions.recorded(messages) as path, path.open("rb") as file:
        start = time.perf_counter()
        found = sum(
            message.log_time > 0 and len(message.data) > 0
            for _, _, message in mcap_reader.make_reader(file).iter_messages()
        )
        took = time.perf_counter() - start
    sessions.check(found, messages)
    return {"rate": messages / took}


def columns(options: worker.Options) -> Mapping[str, float]:
    """The matrices and times of one device."""
    messages = int(options["messages"])
    device = worker.device_names(sessions.DEVICES)[0]
    with sessions.recorded(messages) as path, path.open("rb") as file:
        start = time.perf_counter()
        times, matrices = [], []
        reader = mcap_reader.make_reader(file)
        for _, _, message in reader.iter_messages(topics=[f"/tracker/TRANSFORM/{device}"]):
            times.append(message.log_time / 1e9)
            matrices.append(sessions.matrix_of(message.data[HEADER_SIZE:]))
        found = len(np.asarray(times)), len(np.stack(matrices))
        took = time.perf_counter() - start
    sessions.check(found[1], sessions.poses(messages))
    return {"rate": messages / took}


if __name__ == "__main__":
    worker.run({"record": record, "read": read, "columns": columns})
