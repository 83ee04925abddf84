"""Under which conditions does a device compute: its power, its clock, its heat, while it is busy?

Contract: :func:`under` calls a callable over and over and returns what nvidia-smi says meanwhile. Where there is no
nvidia-smi, or it does not know a number, that is a SkippedError with the reason, and no number.

Source: NVIDIA, nvidia-smi, ``--help-query-gpu``, https://docs.nvidia.com/deploy/nvidia-smi/index.html.
"""

import os
import shutil
import subprocess
import threading
import time

from ..peers import SkippedError
from .pairs import Call

PROGRAM = "nvidia-smi"
POWER, CLOCK, HEAT = "power.draw", "clocks.sm", "temperature.gpu"
"""Watts; MHz of the streaming multiprocessors; degrees Celsius. As `nvidia-smi --query-gpu` names them."""
BUSY = 3.0
"""Seconds for which the device is kept busy: power is a mean over up to one of them."""
FEWEST = 3
"""Readings, at least."""
PATIENCE = 30.0


def reading(what: str) -> float:
    """One number of the first visible device. SkippedError, with the reason, where it is not known."""
    program = shutil.which(PROGRAM)
    if program is None:
        raise SkippedError(f"{what} is not known: there is no {PROGRAM} on this machine")
    command = [program, f"--query-gpu={what}", "--format=csv,noheader,nounits", "--id", visible()]
    try:
        said = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    except subprocess.TimeoutExpired:
        raise SkippedError(f"{what} is not known: {PROGRAM} gave no answer within {PATIENCE:.0f} s") from None
    text = said.stdout.strip()
    try:
        if said.returncode == 0:
            return float(text)
    except ValueError:  # "[N/A]", "[Not Supported]"
        pass
    raise SkippedError(f"{what} is not known: {PROGRAM} says {text or said.stderr.strip() or 'nothing'!r}")


def visible() -> str:
    """The first of the devices that CUDA is to see, by its number or its UUID; nvidia-smi itself sees them all."""
    return os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",")[0].strip() or "0"


def under(call: Call, what: str, seconds: float = BUSY) -> list[float]:
    """Readings while the device computes: as many as come in so many seconds, but FEWEST or more."""
    reading(what)  # or the device need not be made busy
    found: list[float] = []
    faults: list[SkippedError] = []
    done = threading.Event()

    def watch() -> None:
        began = time.monotonic()
        try:
            while len(found) < FEWEST or time.monotonic() - began < seconds:
                found.append(reading(what))
        except SkippedError as error:
            faults.append(error)
        finally:
            done.set()

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    while not done.is_set():
        call()
    watcher.join()
    if faults:
        raise faults[0]
    return found
