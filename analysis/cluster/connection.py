"""A Dask cluster as this room uses it: the only module here that knows Dask's client.

Contract: :func:`connected` gives a :class:`Cluster` and lets go of everything when it ends: what its workers still do
for it, they drop (`analysis.cluster.remote`). What is no scheduler, or none that this process can talk to, is an
AnalysisError within PATIENCE seconds, with the remedy.

Dask: M. Rocklin, Dask: Parallel Computation with Blocked algorithms and Task Scheduling, SciPy 2015; resources of
workers: https://distributed.dask.org/en/stable/resources.html
"""

import asyncio
import logging
import os
import pickle
import platform
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import cloudpickle
from distributed import Client, Future, Security
from distributed.comm import connect

from analysis.cluster import remote
from analysis.errors import AnalysisError

RESOURCE = "measuring"
"""Of which a worker has one (`dask worker --resources "measuring=1"`), so that it measures one thing at a time."""
PATIENCE = 5.0
PREFIX = "mode-crossover"
VERSIONS = ("dask", "distributed", "numpy")

cloudpickle.register_pickle_by_value(remote)


class ByValue:
    """A function of :mod:`remote` that arrives as what it does: where it arrives there is no such module.

    Dask tries pickle first, which would send the function's name alone.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function

    def __call__(self, *arguments: Any) -> Any:
        return self.function(*arguments)

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[bytes]]:
        return pickle.loads, (cloudpickle.dumps(self.function),)


@dataclass(frozen=True)
class Listed:
    """A worker as the scheduler lists it."""

    address: str
    name: str
    measures: bool
    """Whether it has the RESOURCE."""


@dataclass
class Cluster:
    """Who works for a scheduler, and what they are told to do."""

    address: str
    client: Client

    def workers(self) -> dict[str, Listed]:
        """The workers there are now, by address. AnalysisError where the scheduler is gone."""
        if self.client.status not in ("running", "connecting"):
            raise AnalysisError(self.gone)
        try:
            known = self.client.scheduler_info(n_workers=-1)["workers"]
        except (OSError, TimeoutError):
            raise AnalysisError(self.gone) from None
        return {
            address: Listed(address, str(info["name"]), info.get("resources", {}).get(RESOURCE, 0) >= 1)
            for address, info in known.items()
        }

    @property
    def gone(self) -> str:
        return (
            f"the scheduler {self.address} is gone; what had been measured is kept: start it and its workers again, "
            "and run the same command"
        )

    def versions(self) -> dict[str, dict[str, str]]:
        """The versions of Python and of VERSIONS: of the "client", the "scheduler", and each worker by address."""
        found: Any = self.client.get_versions()
        every = {"client": found["client"], "scheduler": found["scheduler"], **found["workers"]}
        return {name: _versions(each) for name, each in every.items()}

    def ask(self, function: Callable[..., Any], address: str) -> Any:
        """What a quick function says on a worker, beside its tasks; None where it is gone."""
        found = self.client.run(function, workers=[address], on_error="return")
        answer = found.get(address)
        if isinstance(answer, OSError):
            return None
        if isinstance(answer, BaseException):
            raise answer
        return answer

    def others(self) -> list[str]:
        """The other commands that measure on this cluster at the moment, as HOST-PROCESS; none where nobody says."""
        try:
            known = self.client.run_on_scheduler(remote.clients)
        except ValueError:  # its configuration runs nobody's functions
            return []
        names = [name.partition(f"{PREFIX}-")[2] for name in known if name != self.client.id and PREFIX in name]
        return [name[: -len(str(uuid.UUID(int=0))) - 1] for name in names]

    def start(self, function: Callable[..., Any], address: str, *arguments: Any) -> Future:
        """Begin a task on one worker and no other; it takes all that the worker has of the RESOURCE."""
        return self.client.submit(
            ByValue(function),
            *arguments,
            key=f"{PREFIX}-{uuid.uuid4().hex}",
            workers=[address],
            allow_other_workers=False,
            resources={RESOURCE: 1},
            pure=False,
        )

    def sent(self, content: bytes, address: str) -> Future:
        """Bytes as they are on a worker."""
        return self.client.scatter(content, workers=[address], hash=False)

    def listen(self, hear: Callable[[dict[str, Any]], None]) -> None:
        """Have what workers tell (`remote.TOPIC`) come to `hear`, in a thread of Dask's."""
        self.client.subscribe_topic(remote.TOPIC, lambda event: hear(event[1]))

    def drop(self, futures: list[Future]) -> None:
        """Give tasks up: who works on one stops."""
        with suppress(OSError, TimeoutError):
            self.client.cancel(futures, force=True)


@contextmanager
def connected(address: str) -> Iterator[Cluster]:
    """The cluster of the scheduler at that address, for a while."""
    logging.getLogger("distributed").setLevel(logging.CRITICAL)  # what happens is said here, in one line
    try:
        asyncio.run(asyncio.wait_for(_identified(address), PATIENCE))
        # Dask's own client waits without an end for what answers and is no scheduler; now it is known to be one.
        client = Client(
            address, timeout=PATIENCE, name=f"{PREFIX}-{platform.node()}-{os.getpid()}", set_as_default=False
        )
    except Exception as error:  # of every kind, and of whatever answers there
        raise AnalysisError(
            f"--scheduler {address}: no Dask scheduler answers there within {PATIENCE:.0f} s ({_said(error)}); start "
            "one with `dask scheduler`, and give the address that it prints, such as tcp://HOST:8786"
        ) from None
    try:
        yield Cluster(address, client)
    finally:
        with suppress(OSError, TimeoutError):
            client.close(timeout=2.0)


async def _identified(address: str) -> None:
    """Raises unless a scheduler is there."""
    security = Security().get_connection_args("client")
    comm = await connect(address, timeout=PATIENCE, **security)
    try:
        await comm.write({"op": "identity", "reply": True})
        found = await comm.read()
    finally:
        comm.abort()
    if not isinstance(found, dict) or found.get("type") != "Scheduler":
        kind = found.get("type") if isinstance(found, dict) else None
        raise TypeError(f"{kind or 'something else'} is there")


def _versions(found: Mapping[str, Any]) -> dict[str, str]:
    python = ".".join(str(found["host"]["python"]).split(".")[:3])
    return {"Python": python} | {name: str(found["packages"].get(name) or "missing") for name in VERSIONS}


def _said(error: Exception) -> str:
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}"[:120] if text else type(error).__name__
