"""What asv's classes share: a prepared process, the case and its chain, and a word on why a cell has no number.

Contract: a benchmark is a subclass of :class:`Benchmark`, or of :class:`Timed` where asv itself is to time, with a
``grid`` and one method ``track_...`` or ``time_...``. Where the engine is missing, not chosen, or lacks what the case
asks for, setup raises NotImplementedError with the reason, and asv shows the cell as skipped.
"""

from typing import Any, ClassVar

from threadpoolctl import threadpool_limits

from modes.chains import Chain

from .. import peers
from ..catalogue.case import Case
from ..catalogue.engines import row
from ..catalogue.metrics import metric, paired
from ..catalogue.taken import OF_PROCESSES
from ..peers import SkippedError
from .calls import jacobian
from .cores import pin_to_cores, threads
from .grids import Grid, Listed
from .pairs import Call
from .processes import over_processes
from .recording import begun, recorded, recording
from .settings import active_preset, chosen


class Benchmark:
    """Base of every benchmark: as many cores as BLAS has threads (one by default), the case and its chain.

    asv names a benchmark by its module, class and method, and stores results by that name: the names of these stay, and
    two questions may have a class of the same name (`memory.Memory`, `engines.Memory`).
    """

    param_names: ClassVar[list[str]]
    timeout = 3600.0  # of one cell; the largest of preset full take ten minutes

    pinned = True

    grid: ClassVar[Grid | Listed]
    params: ClassVar[list[list[Any]]]
    unit: ClassVar[str]
    version: ClassVar[str]
    case: Case
    chain: Chain

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if "grid" in vars(cls):
            cls.param_names, cls.params = cls.grid.names, cls.grid.lists(active_preset())
        for name, member in list(vars(cls).items()):
            if name.startswith("track_"):
                setattr(cls, name, recorded(over_processes(member) if paired(metric(name)) else member))
        if "params" in vars(cls) and paired(metric(cls.asv_name())):
            cls.version = OF_PROCESSES

    @classmethod
    def asv_name(cls) -> str:
        """The name under which asv stores results: "memory.Memory.track_peak_bytes"."""
        (method,) = (name for name in dir(cls) if name.startswith(("time_", "track_")))
        return f"{cls.__module__.partition('.')[2]}.{cls.__name__}.{method}"

    def setup(self, *parameters: Any) -> None:
        with recording(self.asv_name(), parameters, skips=NotImplementedError):
            begun(Case.of(*parameters).text)
            self.begin(*parameters)

    def begin(self, *parameters: Any) -> None:
        """All that comes before the measurement, and is not measured."""
        self.case = Case.of(*parameters)
        expect(self.case, active_preset())
        if self.pinned and not peers.load(self.case.engine).on_device:  # whose process has threads that feed the device
            pin_to_cores()
        threadpool_limits(threads())
        self.make()

    def make(self) -> None:
        """What the case is about."""
        self.chain = self.case.chain()


class Timed(Benchmark):
    """Base of the benchmarks that asv itself times: one call of what `prepare` returns, a Jacobian here, a sample.

    asv takes as many as 50 samples in 0.3 s, and sets up again before each of them; all but the first return at
    once. The calls around the timed one add 0.2 microseconds to a sample.
    """

    rounds = 1
    number = 1
    repeat = (10, 50, 0.3)
    warmup_time = 0.05

    call: Call

    def setup(self, *parameters: Any) -> None:
        if not hasattr(self, "call"):
            super().setup(*parameters)

    def begin(self, *parameters: Any) -> None:
        super().begin(*parameters)
        self.call = self.prepare()

    def prepare(self) -> Call:
        """What is timed, checked once."""
        return jacobian(self.case, self.chain, self.case.mode)


def expect(case: Case, preset: str) -> None:
    """SkippedError, with the reason, where the case cannot be or is not to be measured."""
    found = row(case.engine)
    lack = found.lacks(case)
    reason = None if lack is None else lack.sentence
    if case.engine not in (names := chosen(preset)):
        reason = f"not chosen; chosen are {', '.join(names)} (MODES_ENGINES)"
    if absent := found.absent():
        reason = absent
    if reason is not None:
        raise SkippedError(f"engine {case.engine} is skipped: {reason}")
