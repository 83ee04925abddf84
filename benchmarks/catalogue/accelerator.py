"""Is there a device to measure on? Asked of the CUDA driver, without any engine's packages.

Contract: :func:`accelerator` says what there is, or why there is none; it never raises. The driver is asked in a
process of its own, since CUDA does not outlive a fork of the process that began with it, and asv forks one process a
cell. Which of several devices counts as the first is CUDA_VISIBLE_DEVICES's business, as for every program that uses
CUDA.

Source: NVIDIA, CUDA Driver API, "Initialization", "Device Management",
https://docs.nvidia.com/cuda/cuda-driver-api/index.html.
"""

import ctypes
import json
import subprocess
import sys
from functools import cache
from typing import NamedTuple

LIBRARY = "nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1"
PATIENCE = 60.0
"""Seconds for the driver to answer: it takes a tenth of one, and some seconds where nothing keeps it loaded."""

ASK = """
import ctypes, json, sys
cuda = ctypes.CDLL(sys.argv[1])
def tried(name, *arguments):
    status = getattr(cuda, name)(*arguments)
    if status:
        print(json.dumps({"reason": f"{name} ended with CUDA error {status}"}))
        sys.exit()
version, count, device, name = ctypes.c_int(), ctypes.c_int(), ctypes.c_int(), ctypes.create_string_buffer(256)
tried("cuInit", 0)
tried("cuDriverGetVersion", ctypes.byref(version))
tried("cuDeviceGetCount", ctypes.byref(count))
if count.value:
    tried("cuDeviceGet", ctypes.byref(device), 0)
    tried("cuDeviceGetName", name, len(name), device)
print(json.dumps({"count": count.value, "name": name.value.decode(errors="replace"), "version": version.value}))
"""


class Accelerator(NamedTuple):
    """A device, by the driver's own words; or none, and why."""

    name: str = ""
    cuda: str = ""
    """The newest CUDA that the driver knows: "12.8"."""
    reason: str = ""
    """Why there is none: the rest of a sentence; empty where there is one."""

    @property
    def versions(self) -> dict[str, str]:
        """What a run records of it, as it does of a package: numbers of two devices do not mix."""
        return {} if self.reason else {"device": self.name, "CUDA driver": self.cuda}


@cache
def accelerator() -> Accelerator:
    """The first CUDA device of this machine; asked once a process."""
    try:
        ctypes.CDLL(LIBRARY)  # loading it begins nothing yet
    except OSError:
        return Accelerator(reason=f"no device: there is no CUDA driver on this machine ({LIBRARY})")
    try:
        asked = subprocess.run(
            [sys.executable, "-I", "-c", ASK, LIBRARY],
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=True,
        )
        return told(json.loads(asked.stdout))
    except subprocess.TimeoutExpired:
        return Accelerator(reason=f"no device: the CUDA driver gave no answer within {PATIENCE:.0f} s")
    except (subprocess.CalledProcessError, OSError, ValueError) as error:
        return Accelerator(reason=f"no device: the CUDA driver could not be asked ({type(error).__name__})")


def told(answer: dict[str, object]) -> Accelerator:
    """What the process that asked the driver printed, as an :class:`Accelerator`."""
    if reason := answer.get("reason"):
        return Accelerator(reason=f"no device: {reason}")
    if not answer["count"]:
        return Accelerator(reason="no device: the CUDA driver is there and shows none (CUDA_VISIBLE_DEVICES)")
    major, rest = divmod(int(str(answer["version"])), 1000)
    return Accelerator(str(answer["name"]), f"{major}.{rest // 10}")
