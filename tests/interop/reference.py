"""The reference: Debian's OpenIGTLink C++ library 1.11, its example programs, and `golden`.

Nothing of it lies in this repository. The examples are compiled from the sources that Debian
installs, against the installed library, into a cache in the temporary folder; so is `golden`, the
program of ours in `golden/` that packs and unpacks messages with the library. A program is
compiled when it is first asked for (0.3 to 0.7 s; golden 3.5 s), one at a time, and kept for as
long as its source, the library and the compiler stay the same.

What the examples do, seen by running each against a plain socket:

All speak V=1 alone. Of a V=2 message they understand neither type nor size, and lose their place
in the stream for good. They print to both output streams; a `Peer` shows them as one. Wrong
arguments, no server at the port, or a port in use end them with a line of text and status 0.
Servers listen on all IPv4 interfaces, may be given port 0, and serve one client after the other.
The poses of the trackers turn by the quaternion (0, 2/3 cos b, 0.57735, 2/3 sin b) and stand at
(50 cos a, 50 sin a, 50 cos a) mm, a = 0, 0.2, 0.4, ..., b = 0, 0.1, 0.2, ...

SENDERS THAT LISTEN send at most 100 messages to a client. When it has left they go on as if it
had not, and serve the next one after their 100. When they have sent all, the connection closes
with the next second in which no new client comes. The time stamp is 0, or what memory held.

  TrackerServer PORT FPS
      TRANSFORM "Tracker". Prints each matrix: `=============`, `-1, 0, 0, 50` (4 rows), and
      `===...`
  TrackerServer2 PORT FPS
      POSITION "Tracker", 28 bytes, the same poses. Prints nothing.
  BindServer PORT FPS
      As TrackerServer. It sends no BIND.
  StringServer PORT FPS
      STRING "StringMessage", encoding 3: OpenIGTLink, Network, Communication, Protocol, Image
      Guided Therapy, and again. Prints `Sending string: Network`.
  ImagerServer PORT FPS IMAGES
      IMAGE "ImagerClient": 256 x 256 x 1 uint8, spacing 1, 1, 5, axes i, -j, k, centre (0, 0, 0),
      said to be big-endian; the bytes of igtlTestImage1.raw to igtlTestImage5.raw, and again.
  PointServer PORT
      POINT "PointSender", once: POINT_0, POINT_1, POINT_2 of GROUP_0; red, green, blue; (10, 20,
      30), (40, 50, 60), (70, 80, 90); diameter 15, 45, 75; owner IMAGE_0. Prints nothing.
  TrajectoryServer PORT
      TRAJ "TrajectorySender", once: TRAJECTORY_0 to _2, group, colour, owner, diameter as above,
      entry as the positions above, target (20, 20, 40), (20, 30, 10), (10, 40, 20). The type is 2
      (target only), though both ends are set. Prints nothing.
  StatusServer PORT
      STATUS "Device", one a second: code 1, subcode 128, name "OK!", text "This is a test to send
      status message.". Prints nothing.
  CapabilityServer PORT
      CAPABILITY "Device", one a second: TRANSFORM, GET_IMAGE, GET_LBMETA. Prints nothing.

SENDERS THAT CONNECT take the host and the port first and send the same. Those that send for ever
go on, without a word, when the receiver has closed. TrackerClient, TrackerClient3: with the time.

  TrackerClient HOST PORT FPS, TrackerClient2, StringClient
      As TrackerServer, TrackerServer2, StringServer; for ever. TrackerClient2 prints the lines
      `position   = (50, 0, 50)` and `quaternion = (0, 0.666667, 0.57735, 0)`.
  TrackerClient3 HOST PORT FPS [DEVICE ...]
      As TrackerClient for each of up to four devices in turn. Device n = 0, 1, ... starts at
      a = 0.3 n, b = 0.2 n and takes (n + 1) / 2 of the steps. Prints the matrices and
      `Time Stamp: sec = 1795342282, nsec = 55594000`.
  BindClient HOST PORT FPS
      BIND "BindMessage": STRING "StringMessage" OpenIGTLink, always, and TRANSFORM "Tracker".
  ImagerClient HOST PORT FPS IMAGES, ImagerClient2 (sends each in three pieces)
      As ImagerServer; 100 images.
  PointClient HOST PORT, TrajectoryClient, CapabilityClient, StatusClient
      As the servers; once, but STATUS 100 times, one a second. TrajectoryClient gives the target
      of the third trajectory to the second, and none, (0, 0, 0), to the third.

SERVERS THAT ANSWER take 100 queries a connection, then close it. They print `A client is
connected.`, `Received a GET_POLYDATA message.` and, of other types, `Receiving : TYPE`.

  PolyDataServer PORT
      GET_POLYDATA: POLYDATA of the device that was asked: the cube from (0, 0, 0) to (1, 1, 1), 8
      points, 6 polygons of 4, scalars "attr" 0 to 7 of the points.
  ImageMetaServer PORT
      GET_IMGMETA: IMGMETA of the device that was asked: IMAGE_0, IMAGE_1, IMAGE_2 (name
      IMAGE_DESCRIPTION_0 ...); CT, MRI, PET; PATIENT_0, PATIENT_ID_0 ...; 1.2345, 2.3456, 3.4567
      s; 512 x 512 x 64, 256 x 128 x 32, 256 x 256 x 32; uint16.
  LabelMetaServer PORT
      GET_LBMETA: LBMETA "MetaServer": LABEL_0, LABEL_1, LABEL_2 (name LABEL_DESCRIPTION_0 ...);
      labels 1, 2, 3; red, green, blue; sizes as above; owners IMAGE_0, IMAGE_1, IMAGE_2.
  ImageDatabaseServer PORT IMAGES
      GET_IMGMETA and GET_LBMETA as above, of the device that was asked, but labels and colours
      are 0 and times 1291739370.2345, 1291739380.3456, 1291739390.4567 s. GET_IMAGE of IMAGE_0 to
      IMAGE_2, LABEL_0 to LABEL_2: 256 x 256 x 1 uint8, spacing 1, 1, 5, igtlTestImage2.raw to
      igtlTestImage7.raw. There is no igtlTestImage7.raw: LABEL_2 is what memory held. Of other
      devices: no answer. Prints type and device of each query.
  PointListServer PORT [FILE]
      GET_POINT: POINT "PointSender" of the file's lines `x y z`, or of the positions of
      PointServer; names, group and owner as there, all blue, diameter 75.
  TrackingDataServer PORT, QuaternionTrackingDataServer PORT
      STT_TDATA, STT_QTDATA: TDATA, QTDATA "Tracker" every so many ms as the resolution says,
      without RTS_ before: Channel 0, 1, 2 of types 1, 2, 4, with steps of a 0.1, 0.2, 0.3 and of
      b 0.2, 0.1, 0.05, which go on where the last client left. STP_ closes the connection.
  StringEchoServer PORT
      STRING: the same "StringEchoServer". Prints `Echoing: text`. No limit.

CLIENTS THAT ASK end with a line of text when something else is answered (RTS_ and STATUS too).

  ImageMetaClient HOST PORT, LabelMetaClient, PolyDataClient
      GET_ "Client" ten times, the next half a second after the answer; print every field.
      PolyDataClient prints the first index of each cell twice.
  TrackingDataClient HOST PORT FPS, QuaternionTrackingDataClient
      STT_ "TDataClient", "QTDataClient": resolution 1000 / FPS, "Patient". Print every tool, and
      skip other types. After each ten messages of any type they send STP_, and go on listening.

RECEIVERS print `Time stamp: 1700000000.250000000`, `Receiving TRANSFORM data type.` and the
values; of a wrong CRC the two lines alone; of other types `Receiving : TYPE`.

  ReceiveServer PORT
      TRANSFORM POSITION IMAGE STATUS POINT TRAJ STRING CAPABILITY, and BIND with children STRING
      and TRANSFORM. Reads 100 messages a connection, then closes it within a second.
  ReceiveClient HOST PORT
      The same with TDATA and QTDATA but no BIND. No limit; ends when the connection closes.
  SessionManagerServer PORT
      TRANSFORM POSITION IMAGE; of others `Receiving: TYPE`, without a time. Prints the last type
      and device again every few ms. Ends when the connection closes.

SpawnThread, MultipleMethodExecute and SingleMethodExecute use no network: they count in threads
for 4 to 20 s.

What else the library does, for whoever compares bytes:

* A message whose sender sets no time carries what memory held before, as the programs above do.
* An IMAGE says big-endian of its pixels unless told otherwise; nothing ever swaps them.
* Reserved bytes (TRAJ, TDATA, QTDATA, IMGMETA, LBMETA) are what memory held before.
* `PositionMessage` writes behind its buffer when it packs the forms of 12 and 24 bytes.
* `StatusMessage::SetCode` makes 0 of a code above 19; a received one stays.
* STATUS without a NUL is read as an empty text, or as one of before.
* A text field of a record without a NUL is read as empty.
* GET_BIND and STT_BIND: the name table is not padded, and when its length is odd no name is found
  in it; types of 12 letters are not taken into a query; a resolution is read but not written;
  "everything" is 4 bytes of what memory held before. The classes read none of it, the C functions
  do.
* The class `Unit` (of SENSOR) keeps only the last of the units appended to it.
* POLYDATA: colours of points, and every attribute of cells, are packed as 9 floats an item, which
  is right for tensors and else reads behind the data.
* Times kept in ns (IMGMETA) lose up to 12 of them.
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

HEADERS = Path("/usr/include/openigtlink")
EXAMPLES = Path("/usr/share/doc/openigtlink-examples/examples")
IMAGES = EXAMPLES / "Imager" / "img"
GOLDEN = Path(__file__).resolve().parent / "golden"

PACKAGES = "libopenigtlink-dev openigtlink-examples g++"
# The images that containers start from leave /usr/share/doc out of every package.
WITH_EXAMPLES = "--reinstall -o 'Dpkg::Options::=--path-include=/usr/share/doc/openigtlink-*'"
INSTALLED = Path("/var/lib/dpkg/info/openigtlink-examples.list")

# C++11: newer than the examples, older than what any compiler in use refuses.
COMPILER_OPTIONS = ("-std=gnu++11", "-O1", "-w", f"-I{HEADERS}")
LINKER_OPTIONS = ("-lOpenIGTLink", "-pthread")


class BuildError(Exception):
    """The compiler refused a program; the text holds what it said."""


def missing() -> str | None:
    """What the reference lacks on this machine, with the one command to get it; None if nothing."""
    if not sys.platform.startswith("linux"):
        return "the OpenIGTLink reference programs are run on Debian or Ubuntu only"
    lacking = [
        what
        for what, there in (
            ("the OpenIGTLink C++ library", library() is not None),
            ("the OpenIGTLink example programs", EXAMPLES.is_dir()),
            ("g++", shutil.which("g++") is not None),
        )
        if not there
    ]
    if not lacking:
        return None
    stripped = INSTALLED.exists() and not EXAMPLES.is_dir()
    options = f"{WITH_EXAMPLES} " if stripped else ""
    return f"missing: {', '.join(lacking)}; sudo apt-get install -y {options}{PACKAGES}"


def library() -> Path | None:
    """The shared library that programs are linked to; None when it or its headers are missing."""
    if not (HEADERS / "igtlMessageBase.h").is_file():
        return None
    system = Path("/usr/lib")
    found = [*system.glob("libOpenIGTLink.so"), *system.glob("*/libOpenIGTLink.so")]
    return found[0].resolve() if found else None


def example(name: str) -> Path:
    """The compiled example program of that name, such as "TrackerServer".

    Raises:
        FileNotFoundError: There is no source of that name.
        BuildError: It did not compile.
    """
    sources = [*EXAMPLES.glob(f"*/{name}.cxx"), *EXAMPLES.glob(f"*/{name}.cxx.gz")]
    if not sources:
        raise FileNotFoundError(f"no {name}.cxx or {name}.cxx.gz below {EXAMPLES}")
    content = sources[0].read_bytes()
    if sources[0].suffix == ".gz":
        content = gzip.decompress(content)
    return build(name, content)


def golden() -> Path:
    """The compiled `golden` program: all its files as one, which compiles in half the time."""
    files = sorted([*GOLDEN.glob("*.cpp"), *GOLDEN.glob("*.h")])
    parts = [file for file in files if file.suffix == ".cpp"]
    content = "".join(f'#include "{part}"\n' for part in parts).encode()
    return build("golden", content, depends_on=files)


def build(name: str, source: bytes, *, depends_on: Sequence[Path] = ()) -> Path:
    """The program made of a source: from the cache, or compiled into it.

    Args:
        name: What the program is called in the cache.
        source: The text of the C++ source.
        depends_on: Files that it includes; the program is made anew when one changes.

    Raises:
        BuildError: It did not compile.
    """
    folder = cache()
    digest = hashlib.sha256(source + b"".join(file.read_bytes() for file in depends_on))
    digest.update(repr((tools(), COMPILER_OPTIONS, LINKER_OPTIONS)).encode())
    program = folder / f"{name}-{digest.hexdigest()[:16]}"
    if not program.exists():
        with one_compiler(folder):
            if not program.exists():
                compile_into(program, source)
    return program


def tools() -> list[tuple[str, int, int]]:
    """What tells one version of the library and the compiler from another."""
    paths = [Path(found).resolve() for found in (library(), shutil.which("g++")) if found]
    return [(str(path), path.stat().st_size, path.stat().st_mtime_ns) for path in paths]


def cache() -> Path:
    """The folder of compiled programs: this user's own, for nobody else writes what we run."""
    folder = Path(tempfile.gettempdir()) / f"igtl-interop-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    status = folder.lstat()
    if status.st_uid != os.getuid() or status.st_mode & 0o077:
        raise BuildError(f"{folder} is open to other users: remove it, then run the tests again")
    return folder


@contextlib.contextmanager
def one_compiler(folder: Path) -> Iterator[None]:
    """Hold the lock under which this user's test runs compile, one program at a time."""
    import fcntl  # Unix only, as all that is compiled here; this module is imported everywhere

    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def compile_into(program: Path, source: bytes) -> None:
    """Compile a source; the program appears whole or not at all."""
    with tempfile.TemporaryDirectory(dir=program.parent) as folder:
        text = Path(folder) / "source.cpp"
        text.write_bytes(source)
        made = Path(folder) / "program"
        command = ["g++", *COMPILER_OPTIONS, str(text), "-o", str(made), *LINKER_OPTIONS]
        process = subprocess.run(command, capture_output=True, text=True, check=False)
        if process.returncode != 0:
            raise BuildError(f"{program.name} did not compile:\n{process.stderr[:4000]}")
        made.replace(program)
