"""Who measures: of a cluster's workers one a machine, with the versions that the run is of, and a clone of its commit.

Contract: :meth:`Crew.look` is called again and again. It takes in the workers that came, gives up those that went, and
refuses, each with one line that names the remedy, those that cannot take part: the others go on. Whoever is in
:attr:`Crew.ready` can be handed something to measure.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from distributed import Future, KilledWorker

from analysis.cluster import remote
from analysis.cluster.connection import RESOURCE, VERSIONS, Cluster, Listed
from analysis.names import component
from analysis.reading.merge import KIND
from analysis.reading.provenance import Engines, computes

Described = Mapping[str, Any]
"""What `analysis.cluster.described` says on a machine."""


@dataclass
class Member:
    """A worker that was found fit so far: the name and the kernel of its machine, and where its clone is."""

    address: str
    name: str
    host: str
    place: str
    described: Described | None = None
    preparing: Future | None = None


@dataclass
class Crew:
    """The workers of a cluster, and what each of them is good for.

    `job` is what :func:`remote.prepared` needs; `bundle` makes what a clone is made of; `judge` says of a machine that
    has been described why it cannot take part, None where it can; `show` prints a line.
    """

    cluster: Cluster
    job: Mapping[str, Any]
    bundle: Callable[[], bytes]
    judge: Callable[[Member], str | None]
    show: Callable[[str], None]
    members: dict[str, Member] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    """Why, by the address."""
    spare: dict[str, str] = field(default_factory=dict)
    """The machines, by the address, of those that are left aside for another worker on it."""
    said: set[str] = field(default_factory=set)
    lack: list[str] = field(default_factory=list)
    """The names of the workers that lack the RESOURCE."""

    @property
    def ready(self) -> list[Member]:
        return [member for member in self.members.values() if member.described is not None]

    @property
    def coming(self) -> bool:
        """Whether there is one that may be ready soon."""
        return any(member.described is None for member in self.members.values())

    def look(self) -> list[Member]:
        """Who is there now? Returns those that were members and are gone."""
        listed = self.cluster.workers()
        gone = [self.members.pop(address) for address in list(self.members) if address not in listed]
        self.refused = {address: why for address, why in self.refused.items() if address in listed}
        taken = {member.host for member in self.members.values()}
        self.spare = {address: host for address, host in self.spare.items() if address in listed and host in taken}
        self.lack = sorted(each.name for each in listed.values() if not each.measures)
        fresh = [
            each
            for each in sorted(listed.values(), key=lambda each: each.address)
            if each.measures and not any(each.address in known for known in (self.members, self.refused, self.spare))
        ]
        if fresh:
            versions = self.cluster.versions()
            for each in fresh:
                self.meet(each, versions)
        for member in list(self.members.values()):
            self.prepare(member)
        return gone

    def meet(self, listed: Listed, versions: Mapping[str, Mapping[str, str]]) -> None:
        """Make a worker that came a member, or refuse it, or leave it as a spare one of its machine."""
        if listed.address not in versions:  # gone already
            return
        fault = different(versions["client"], versions[listed.address])
        if fault is not None:
            self.refuse(listed.address, listed.name, fault)
            return
        known = self.cluster.ask(remote.identity, listed.address)
        if known is None:
            return
        if any(member.host == known["host"] for member in self.members.values()):
            self.spare[listed.address] = known["host"]
            self.say(
                f"{listed.name}: left aside, since another worker on the same machine, {known['name']}, measures "
                f"already; where two cannot disturb each other, name each of them by {remote.NAMED}"
            )
            return
        if (fault := self.unfit(known)) is not None:
            self.refuse(listed.address, listed.name, fault)
            return
        self.members[listed.address] = Member(listed.address, known["name"], known["host"], known["place"])

    def unfit(self, known: Mapping[str, Any]) -> str | None:
        """Why a worker cannot take part, by what it says of itself."""
        name = known["name"]
        if not known["git"]:
            return "git was not found there, and every machine measures a clone of its own; install git"
        try:
            component(name)
        except ValueError as error:
            return f"its machine's name {name!r} {error}; give it one: {remote.NAMED}=NAME in the worker's environment"
        if any(member.name == name for member in self.members.values()):
            return (
                f"its machine is called {name!r}, as another one is; name it: {remote.NAMED}=NAME in the worker's "
                "environment"
            )
        return None

    def prepare(self, member: Member) -> None:
        """Have the clone made, step by step."""
        if member.described is not None:
            return
        if member.preparing is None:
            job = {**self.job, "place": member.place, "host": member.host}
            member.preparing = self.cluster.start(remote.prepared, member.address, job, None)
            return
        if not member.preparing.done():
            return
        answer = answered(member.preparing)
        if "died" in answer:
            member.preparing = None  # begins anew
            return
        if "lacking" in answer:
            job = {**self.job, "place": member.place, "host": member.host}
            sent = self.cluster.sent(self.bundle(), member.address)
            member.preparing = self.cluster.start(remote.prepared, member.address, job, sent)
            return
        if "refused" not in answer:
            member.described = answer
            answer = {"refused": fault} if (fault := self.judge(member)) is not None else answer
        if "refused" in answer:
            self.dismiss(member, answer["refused"])

    def dismiss(self, member: Member, why: str) -> None:
        """Do without a member from now on."""
        self.members.pop(member.address, None)
        self.refuse(member.address, member.name, why)

    def refuse(self, address: str, name: str, why: str) -> None:
        self.refused[address] = f"{name}: {why}"
        self.say(f"{name} does not take part: {why}")

    def say(self, line: str) -> None:
        """Show a line, once."""
        if line not in self.said:
            self.said.add(line)
            self.show(line)

    def nobody(self) -> str:
        """Why nobody is ready, in a line for an error."""
        if self.refused:
            first, *others = self.refused.values()
            return f"{first}{f' (and {len(others)} more)' if others else ''}"
        how = f'dask worker {self.cluster.address} --nthreads 1 --resources "{RESOURCE}=1"'
        if self.lack:
            return f"no worker has the resource {RESOURCE!r} ({', '.join(self.lack[:5])} lack it); start them by: {how}"
        return f"no worker has joined the scheduler {self.cluster.address}; start one a machine: {how}"


def answered(future: Future) -> dict[str, Any]:
    """What a task of :mod:`remote` returned; why it did not, as "refused", and as "died" where that is no fault of the
    machine's: its worker was killed and is there again, or the scheduler forgot the task."""
    if future.status == "finished":
        result: dict[str, Any] = future.result()
        return result
    error = future.exception() if future.status == "error" else None
    if error is None or isinstance(error, KilledWorker):
        return {"died": f"its task was lost ({future.status if error is None else 'its worker was killed'})"}
    said = " ".join(str(error).split())[:200]
    return {"refused": f"its task failed ({type(error).__name__}: {said}); see the worker's log"}


def different(own: Mapping[str, str], other: Mapping[str, str]) -> str | None:
    """What a worker has in another version than this process, and what is to be done."""
    found = [f"{name} {other[name]} ({own[name]} here)" for name in ("Python", *VERSIONS) if other[name] != own[name]]
    if not found:
        return None
    return f"it has {', '.join(found)}, and a run is of one version of each; start it in an environment like this one"


def lacking(own: Engines, other: Engines, names: Iterable[str]) -> str | None:
    """Which of the engines that take part a worker lacks, or has in another version."""
    found = []
    for name in names:
        here, there = own[name], other.get(name, {"missing": [name], "versions": {}})
        if not computes(here):
            continue  # its cells are skipped here and there
        if not computes(there):
            found.append(f"lacks {name} ({', '.join(map(str, there['missing'])) or there.get('absent')})")
        found += [
            f"has {package} {version} ({here['versions'][package]} here)"
            for package, version in there["versions"].items()
            if package != "device" and here["versions"].get(package, version) != version
        ]
    if not found:
        return None
    return f"it {', '.join(dict.fromkeys(found))}; install the same there, or leave engines out by --engines"


def kind(described: Described) -> dict[str, str]:
    """What machines of one kind have in common, the kernels of BLAS among it."""
    traits = {name: str(described["machine"].get(name)) for name in KIND}
    return {**traits, "blas": str(described["versions"]["blas"]), "conditions": str(described["conditions"])}


def kind_words(found: Mapping[str, str]) -> str:
    chosen = f" (chosen: {found['conditions'].lstrip('-')})" if found["conditions"] else ""
    return f"{found['cpu']}, {found['num_cpu']} cores, {found['blas']}{chosen}"
