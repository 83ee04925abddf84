"""The results folder of a run over a cluster: which groups are finished in it, and how further ones come into it.

Contract: it holds one run a name, in files like those of any run. A group is in it whole, of one machine, or not at
all; every change is complete before the first byte is written, by the `Writer` handed to it.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from analysis.cluster.filing import SHARED, filed, replaced
from analysis.cluster.groups import Cells, Key
from analysis.errors import AnalysisError, NoResultsError
from analysis.reading.folder import Folder
from analysis.reading.load import MACHINE, read_results
from analysis.reading.provenance import VERSIONS, read_provenance
from analysis.reading.runs import only_run
from analysis.reading.schema import DamagedError, opened
from analysis.running import Measured
from analysis.running.run import finished_cells
from analysis.running.writer import Writer


@dataclass(frozen=True)
class Store:
    """The folder `results`, for runs of `commit`, of a preset whose ratios rest on `least` processes.

    `envs` has the name of the environment by the name of each run.
    """

    results: Path
    writer: Writer
    commit: str
    least: int
    envs: dict[str, str] = field(default_factory=dict)

    def place(self, name: str) -> dict[str, str]:
        """What names the run that is filed under a machine's name."""
        return {"machine": name, "env": self.envs[name], "commit": self.commit}

    def rows(self, name: str) -> pd.DataFrame:
        """What is stored of that run: rows of the raw table, or an empty table."""
        try:
            return only_run(read_results(self.results), self.place(name))
        except NoResultsError:
            return pd.DataFrame()

    def finished(self, name: str, groups: Mapping[Key, Cells]) -> set[Key]:
        """The groups of which every cell is stored with enough samples."""
        rows = self.rows(name)
        there = finished_cells(rows, self.least) if len(rows) else set()
        return {
            key
            for key, cells in groups.items()
            if all((benchmark, tuple(each)) in there for benchmark, some in cells.items() for each in some)
        }

    def versions(self, name: str) -> dict[str, str]:
        """The versions that the run is of; nothing where there is none yet."""
        if not self.results.is_dir():
            return {}
        known = read_provenance(self.results, **self.place(name)).known
        return {version: known[version] for version in VERSIONS if version in known}

    def joined(self, name: str, files: Folder, keys: Collection[Key]) -> dict[str, bytes]:
        """The files of the run with groups `keys` as a machine has measured them, in place of what is there of them.

        Raises AnalysisError where they do not belong to the run.
        """
        env = self.envs[name]
        new = filed(files, name, env)
        file = f"{name}/{self.commit[:8]}-{env}.json"
        if file not in new:
            raise AnalysisError(f"its results are not of commit {self.commit[:8]}")
        known = {path: self.results / path for path in (*SHARED, file, f"{name}/{MACHINE}")}
        try:
            stored = {path: opened(place) for path, place in known.items() if place.exists()}
        except DamagedError as error:
            raise AnalysisError(f"{self.results}: {error}; delete the damaged file, and run again") from None
        return replaced(stored, new, keys, name)

    def write(self, files: Folder) -> None:
        """Replace files of the folder."""
        for path, content in files.items():
            self.writer.write_whole(self.results / path, content)

    def measured(self, name: str) -> Measured:
        """The run as it is now."""
        rows = self.rows(name)
        lost = rows[rows["status"] == "failed"] if len(rows) else rows
        failed = [f"{row['benchmark']}({', '.join(row['parameters'])})" for row in lost.to_dict("records")]
        return Measured(self.results, self.place(name), tuple(failed), ())
