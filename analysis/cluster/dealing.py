"""What is left for whom: groups dealt out to machines, and taken back from those that died. No clock, no processes.

Contract: a group is with one machine at a time. Together, the machines share the groups out between them; everywhere,
each has all of them. Whoever is free takes groups for about SECONDS, by the pace found so far, and less towards the
end, so that all machines end at about the same time. The controls each machine measures with the first that it takes.
A group whose machine died is taken back, and given up after ATTEMPTS.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

from analysis.cluster.groups import CONTROLS, Cells, Key, size

SECONDS = 300.0
"""What a machine is handed at once. The processes of a ratio are spread over it, so that it should be long, and it is
lost where the machine dies. A run takes 10 s to begin."""
ATTEMPTS = 3


@dataclass
class Dealing:
    """The groups of a preset; `finished` says which of them are measured under a name.

    `together` is the name under which all machines' results are filed, None where each measures everything.
    """

    groups: Mapping[Key, Cells]
    finished: Callable[[str], Collection[Key]]
    together: str | None
    queues: dict[str, list[Key]] = field(default_factory=dict)
    """What is left, by the name under which it is filed."""
    done: dict[str, int] = field(default_factory=dict)
    given_up: list[tuple[str, Key]] = field(default_factory=list)
    died: dict[tuple[str, Key], int] = field(default_factory=dict)
    begun: set[str] = field(default_factory=set)
    cells: int = 0
    seconds: float = 0.0

    @property
    def count(self) -> int:
        """How many groups there are, without the controls, which are everybody's."""
        return len(self.groups) - (CONTROLS in self.groups)

    def filed(self, machine: str) -> str:
        """The name under which a machine's results are filed."""
        return self.together or machine

    def join(self, machine: str) -> None:
        """A machine takes part."""
        name = self.filed(machine)
        if name in self.queues:
            return
        there = set(self.finished(name))
        queue = [key for key in self.groups if key not in there and key != CONTROLS]
        self.done[name] = self.count - len(queue)
        self.queues[name] = queue or [key for key in (CONTROLS,) if key in self.groups and key not in there]

    def take(self, machine: str, machines: int) -> list[Key]:
        """What a machine is to measure now, where so many `machines` measure; nothing where nothing is left."""
        queue = self.queues[self.filed(machine)]
        if not queue:
            return []
        shared = machines if self.together else 1
        aim = min(SECONDS, self.expected(queue) / (2 * shared))
        taken = [queue.pop(0)]
        while queue and self.cells and self.expected([*taken, queue[0]]) <= aim:
            taken.append(queue.pop(0))
        if machine not in self.begun and CONTROLS in self.groups and CONTROLS not in taken:
            taken.insert(0, CONTROLS)
        self.begun.add(machine)
        return taken

    def expected(self, keys: Collection[Key]) -> float:
        """The seconds that groups will take on one machine, by the pace so far; 0 before there is one."""
        pace = self.seconds / self.cells if self.cells else 0.0
        return pace * size(self.groups[key] for key in keys)

    def measured(self, machine: str, keys: Collection[Key], seconds: float) -> None:
        """Groups are measured and filed, in that time."""
        self.cells += size(self.groups[key] for key in keys)
        self.seconds += seconds
        self.done[self.filed(machine)] += len(set(keys) - {CONTROLS})

    def back(self, machine: str, keys: Collection[Key], died: bool) -> None:
        """Groups are not measured: their machine died, or will not take part any more."""
        name = self.filed(machine)
        self.begun.discard(machine)
        for key in reversed([key for key in keys if key != CONTROLS or len(keys) == 1]):
            tried = self.died[name, key] = self.died.get((name, key), 0) + died
            if tried >= ATTEMPTS:
                self.given_up.append((name, key))
            else:
                self.queues[name].insert(0, key)
