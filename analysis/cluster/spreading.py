"""The run itself: who is free is handed groups, what comes back is filed, until nothing is left.

Contract: see `analysis.cluster`. All that is started ends with the block that started it.
"""

import re
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from distributed import Future

from analysis.cluster import remote
from analysis.cluster.connection import Cluster, connected
from analysis.cluster.crew import Crew, Member, answered, different, kind, kind_words, lacking
from analysis.cluster.dealing import Dealing
from analysis.cluster.filing import environment
from analysis.cluster.groups import Cells, Key, groups, joined, size, title
from analysis.cluster.store import Store
from analysis.errors import AnalysisError
from analysis.reading.provenance import Engines
from analysis.running import Measured
from analysis.running.checkout import git, read_checkout
from analysis.running.conditions import USUAL, Conditions
from analysis.running.output import failure, quiet
from analysis.running.plan import engine
from analysis.running.suite import Suite
from analysis.running.writer import Writer
from analysis.text import clock, counted
from benchmarks.catalogue.presets import LEAST

BEGIN, ALONE = 10.0, 60.0
"""Seconds without a machine after which there is none: at the beginning, and later, when one may be starting anew."""
MEASURED, REFUSED = (0, 1), 2
"""Exit status of a run that measured all there was, and of one whose input could not be used."""
LOOK, TICK = 1.0, 0.1
"""Seconds from one look at who is there to the next, and from one look at what has come back."""
TOLD = re.compile(r"\[\d+/\d+\]|\s+\S+: (cell|starting)|Control \(A/A\)|Refinement \d")
"""What a machine's run prints that is worth a word here."""


@dataclass(frozen=True)
class Orders:
    """What is to be measured: the preset, the options handed on to each machine's run, and how it is filed.

    `together` is the name for machines of one kind; None for the one that says the kind. `everywhere`: each machine
    measures everything. `engines` names those that take part, None leaves it to the preset.
    """

    preset: str
    engines: str | None = None
    everywhere: bool = False
    together: str | None = None
    conditions: Conditions = USUAL
    """Of BLAS. Where no kernels are named, each worker's environment chooses them (OPENBLAS_CORETYPE), or its BLAS."""

    @property
    def arguments(self) -> list[str]:
        """The options of `python -m analysis run` that say so."""
        engines = [] if self.engines is None else ["--engines", self.engines]
        kernel = ["--blas-kernel", self.conditions.kernel] if self.conditions.kernel else []
        return ["--preset", self.preset, *engines, *kernel, "--threads", str(self.conditions.threads)]


@dataclass
class Given:
    """What a machine is measuring."""

    member: Member
    keys: list[Key]
    future: Future
    line: str = "beginning"


def spread(
    root: Path,
    results: Path,
    generated: Iterable[Path],
    scratch: Path,
    show: Callable[[str], None],
    writer: Writer,
    scheduler: str,
    orders: Orders,
    status: Callable[[str], None] = quiet,
) -> list[Measured]:
    """Measure what `results` still lacks of the orders, on the workers of a Dask `scheduler`; a run a name.

    `root`, `generated`, `scratch`, `show`, `writer` and `status` are as in `analysis.running.measure`. Raises
    AnalysisError where the checkout is changed, where there is no cluster, where nobody in it can take part, or where
    the last machine is gone before the end: what is filed by then is kept.
    """
    checkout = read_checkout(root, [results, *generated])
    if checkout.digest is not None:
        raise AnalysisError(
            f"the work tree differs from commit {checkout.commit[:8]}, and the machines of a cluster measure a commit: "
            "commit the changes first (git commit), or take them back"
        )
    if git(root, "rev-parse", "--is-shallow-repository").strip() == b"true":
        raise AnalysisError(
            "this clone is shallow, and none can be made of it for the machines of the cluster; fetch the rest: "
            "git fetch --unshallow"
        )
    with connected(scheduler) as cluster:
        versions = cluster.versions()
        if fault := different(versions["client"], {**versions["scheduler"], "numpy": versions["client"]["numpy"]}):
            raise AnalysisError(f"the scheduler {scheduler} cannot be used: {fault}")
        if others := cluster.others():
            raise AnalysisError(
                f"another run is measuring on the machines of {scheduler} already ({', '.join(others)}: host and "
                "process); wait until it has ended, or give it other workers by a scheduler of their own"
            )
        suite = Suite(root, results, scratch, checkout, orders.preset, lambda: checkout, show, writer)
        wanted, engines = suite.cells(orders.preset, orders.engines), suite.engines()
        store = Store(results, writer, checkout.commit, LEAST[orders.preset])
        job = {"commit": checkout.commit, "settings": orders.conditions.environment}
        bundle = cache(lambda: git(root, "bundle", "create", "--quiet", "-", "HEAD"))
        crew = Crew(cluster, job, bundle, fit(wanted, engines), show)
        return Spreading(cluster, crew, store, orders, groups(wanted), show, status).run()


def fit(wanted: Cells, engines: Engines) -> Callable[[Member], str | None]:
    """Says why a machine lacks what the cells need."""
    taking_part = sorted({engine((name, tuple(each))) for name, some in wanted.items() for each in some} & set(engines))

    def judged(member: Member) -> str | None:
        assert member.described is not None  # that is when it is judged
        return lacking(engines, member.described["engines"], taking_part)

    return judged


@dataclass
class Spreading:
    """One run over a cluster while it goes on."""

    cluster: Cluster
    crew: Crew
    store: Store
    orders: Orders
    groups: dict[Key, Cells]
    show: Callable[[str], None]
    status: Callable[[str], None]
    given: dict[str, Given] = field(default_factory=dict)
    """What is being measured, by the worker's address."""
    greeted: set[str] = field(default_factory=set)
    """The machines whose controls have been shown."""
    admitted: set[str] = field(default_factory=set)
    """The addresses of those that take part, or did."""
    kind: dict[str, str] = field(default_factory=dict)
    """Of the machines that measure together."""
    started: float = field(default_factory=time.monotonic)
    dealing: Dealing = field(init=False)

    def run(self) -> list[Measured]:
        """Until nothing is left."""
        with self.all_dropped():
            self.cluster.listen(self.hear)
            self.gather()
            self.begin()
            self.deal()
        if self.dealing.given_up:
            lost = [title([key]) for _, key in self.dealing.given_up]
            raise AnalysisError(
                f"{counted(len(lost), 'group')} given up, since each machine that measured one died of it, the first "
                f"is {lost[0]}; see the workers' logs. All else is kept in {self.store.results}"
            )
        return [self.store.measured(name) for name in self.dealing.queues]

    @contextmanager
    def all_dropped(self) -> Iterator[None]:
        """However this ends, nobody goes on measuring for it."""
        try:
            yield
        finally:
            self.status("")
            waiting = [member.preparing for member in self.crew.members.values() if member.preparing is not None]
            self.cluster.drop([*(given.future for given in self.given.values()), *waiting])

    # --- who takes part ---

    def gather(self) -> None:
        """Wait until everybody who is there is ready or refused, so that all are judged before anything is measured."""
        while not self.crew.ready or self.crew.coming:
            self.crew.look()
            preparing = [member.name for member in self.crew.members.values() if member.described is None]
            self.status(f"Clones of the commit: {', '.join(preparing)}" if preparing else "Waiting for workers")
            patience = LOOK if self.crew.refused or self.crew.lack else BEGIN
            if not self.crew.members and time.monotonic() - self.started > patience:
                raise AnalysisError(f"nobody can measure: {self.crew.nobody()}")
            time.sleep(TICK)
        self.status("")
        if self.crew.lack:
            self.crew.say(f"Left aside, without the resource: {', '.join(self.crew.lack)}.")

    def begin(self) -> None:
        """Settle the kind and the name, and say what is to be done."""
        kinds: dict[tuple[str, ...], list[str]] = {}
        for member in self.crew.ready:
            assert member.described is not None  # that is what ready means
            kinds.setdefault(tuple(kind(member.described).values()), []).append(member.name)
            self.kind = self.kind or kind(member.described)
        if len(kinds) > 1 and not self.orders.everywhere:
            each = "; ".join(
                f"{', '.join(names)}: {kind_words(dict(zip(self.kind, values, strict=True)))}"
                for values, names in kinds.items()
            )
            raise AnalysisError(
                f"the machines are of {len(kinds)} kinds, and one run is of one kind ({each}); start workers on one "
                "kind alone, choose the kernels by OPENBLAS_CORETYPE in the workers' environment, or let each machine "
                "measure everything: --everywhere"
            )
        together = None if self.orders.everywhere else self.orders.together or name_of(self.kind)
        self.dealing = Dealing(self.groups, lambda name: self.store.finished(name, self.groups), together)
        for member in self.crew.ready:
            self.admit(member)
        if not self.crew.ready:
            raise AnalysisError(self.crew.nobody())
        names = sorted(member.name for member in self.crew.ready)
        before = sum(self.dealing.done.values())
        kept = f", {before} of them measured before" if before else ""
        each = "each measures" if self.orders.everywhere else f"filed as {together}:"
        self.show(
            f"{counted(len(names), 'machine')} ({', '.join(names)}), {each} preset {self.orders.preset}, "
            f"{size(self.groups.values())} cells in {counted(self.dealing.count, 'group')}{kept}; "
            f"commit {self.store.commit[:8]}."
        )

    def admit(self, member: Member) -> None:
        """Let a machine take part that is ready, or dismiss it."""
        assert member.described is not None
        if not self.orders.everywhere and (found := kind(member.described)) != self.kind:
            self.crew.dismiss(
                member,
                f"it is of another kind ({kind_words(found)}) than this run ({kind_words(self.kind)}); measure with it "
                "into a folder of its own",
            )
            return
        name = self.dealing.filed(member.name)
        own = member.described["versions"]
        self.store.envs[name] = environment(own["python"], own["numpy"]) + member.described["conditions"]
        before = self.store.versions(name)
        changed = [f"{what} {before[what]} (now {own[what]})" for what in before if before[what] != own.get(what)]
        if changed:
            self.crew.dismiss(
                member,
                f"{self.store.results} has results of {name}, commit {self.store.commit[:8]}, measured with "
                f"{', '.join(changed)}, and the two do not mix; measure into a folder of its own: --results DIR",
            )
            return
        self.dealing.join(member.name)
        self.admitted.add(member.address)

    # --- the dealing ---

    def deal(self) -> None:
        """Hand out, take back, file, until nothing is left."""
        looked = busy = time.monotonic()
        while self.given or any(self.dealing.queues.values()):
            for given in [each for each in self.given.values() if each.future.status != "pending"]:
                self.collect(given)
            if time.monotonic() - looked >= LOOK:
                self.look()
                looked = time.monotonic()
            for member in self.crew.ready:
                if member.address not in self.given:
                    self.hand(member)
            patience = BEGIN if self.crew.refused else ALONE
            if self.given or self.crew.coming:
                busy = time.monotonic()
            elif any(self.dealing.queues.values()) and time.monotonic() - busy > patience:
                left = sum(map(len, self.dealing.queues.values()))
                raise AnalysisError(
                    f"no machine is left that could measure {counted(left, 'group')}: {self.crew.nobody()}. What had "
                    "been measured is kept; the same command goes on from there"
                )
            self.tell()
            time.sleep(TICK)

    def look(self) -> None:
        """Take note of who came and who went."""
        for member in self.crew.look():
            given = self.given.pop(member.address, None)
            if given is not None:
                self.cluster.drop([given.future])
                self.dealing.back(member.name, given.keys, died=True)
                self.show(f"{member.name} is gone: {title(given.keys)} to be measured by another.")
        for member in self.crew.ready:
            if member.address not in self.admitted:
                self.admit(member)

    def hand(self, member: Member) -> None:
        """Give a free machine something to measure, if anything is left for it."""
        assert member.described is not None
        keys = self.dealing.take(member.name, len(self.crew.ready))
        if keys:
            job = {
                "cells": joined(self.groups[key] for key in keys),
                "arguments": self.orders.arguments,
                "clone": member.described["clone"],
                "host": member.host,
            }
            future = self.cluster.start(remote.measured, member.address, job)
            self.given[member.address] = Given(member, keys, future)

    def collect(self, given: Given) -> None:
        """File what has come back, or have it measured by another."""
        member, keys = given.member, given.keys
        del self.given[member.address]
        answer = answered(given.future)
        status = answer.get("status", REFUSED)
        if "died" in answer or status not in (*MEASURED, REFUSED):
            why = answer.get("died") or failure(["analysis run"], status, answer["said"])
            self.dealing.back(member.name, keys, died=True)
            self.show(f"{member.name} has not measured {title(keys)}: {why}")
            return
        files: dict[str, bytes] = {}
        why = answer.get("refused")
        if why is None and (status == REFUSED or not answer["files"]):
            why = failure(["analysis run"], status, answer["said"])
        if why is None:
            try:
                files = self.store.joined(self.dealing.filed(member.name), answer["files"], keys)
            except AnalysisError as error:
                why = str(error)
        if why is not None:
            self.dealing.back(member.name, keys, died=False)
            self.crew.dismiss(member, why)
            return
        self.store.write(files)
        self.greeted.add(member.name)
        self.dealing.measured(member.name, keys, answer["seconds"])
        done = sum(self.dealing.done.values())
        everybody = len(self.dealing.queues)
        self.show(
            f"[{done}/{self.dealing.count * everybody}] {member.name}: {title(keys)}, "
            f"{counted(size(self.groups[key] for key in keys), 'cell')} in {clock(answer['seconds'])} "
            f"({clock(time.monotonic() - self.started)} elapsed, about {clock(self.to_go())} to go)"
        )

    def to_go(self) -> float:
        """The seconds that the rest will take, by the pace so far."""
        going: dict[str, float] = defaultdict(float)
        for each in self.given.values():
            going[self.dealing.filed(each.member.name)] += self.dealing.expected(each.keys) / 2
        left = {name: self.dealing.expected(queue) + going[name] for name, queue in self.dealing.queues.items()}
        return max(left.values(), default=0.0) / (1 if self.orders.everywhere else max(1, len(self.crew.ready)))

    # --- what is told meanwhile ---

    def hear(self, told: dict[str, Any]) -> None:
        """A line that a machine's run has printed."""
        given = self.given.get(told["address"])
        if given is not None and TOLD.match(told["line"]):
            given.line = told["line"].strip()
            if given.line.startswith("Control") and given.member.name not in self.greeted:
                self.show(f"{given.member.name}: {given.line}")

    def tell(self) -> None:
        self.status("; ".join(f"{each.member.name}: {each.line}" for each in self.given.values()))


def name_of(found: dict[str, str]) -> str:
    """What machines of one kind are called together: AMD-EPYC-7763-2-cores."""
    cpu = re.sub(r"[^A-Za-z0-9.+_]+", "-", found["cpu"]).strip("-") or "machine"
    return f"{cpu[:80]}-{found['num_cpu']}-cores"
