"""`python -m analysis.cluster.described`: what measures where this runs, as JSON, before anything is measured.

{"machine": asv's description of the machine, "versions": `analysis.reading.provenance.VERSIONS`, "conditions": what
asv's name of an environment has of those that this process's environment chooses (`analysis.running.conditions`),
"engines": every engine as `python -m benchmarks engines` describes it}. A worker runs it in its clone, in the
environment of the runs: the commit is the one asked for, and BLAS takes the kernels that it will take.
"""

import json
import os
import sys
from pathlib import Path

from asv.machine import Machine, MachineCollection
from asv.util import UserError
from threadpoolctl import threadpool_info

from analysis.running.children import ask
from analysis.running.versions import current_versions
from benchmarks.catalogue.presets import KERNEL, THREADS

ROOT = Path(__file__).resolve().parents[2]


def traits() -> dict[str, str]:
    """The machine as asv files it: as its user described it, or as asv finds it."""
    try:
        found: dict[str, str] = MachineCollection.load(Machine.get_unique_machine_name())
    except UserError:
        found = Machine.get_defaults()
    return found


def conditions() -> str:
    """-OPENBLAS_CORETYPEHaswell-OMP_NUM_THREADS2, in the order of asv; nothing under the usual conditions."""
    threads = os.environ.get(THREADS, "1")
    chosen = f"-OMP_NUM_THREADS{threads}" if threads != "1" else ""
    pools = [pool for pool in threadpool_info() if pool["internal_api"] == "openblas" and "numpy" in pool["filepath"]]
    if os.environ.get(KERNEL) and pools:
        chosen += f"-{KERNEL}{pools[0]['architecture']}"
    return chosen


def main() -> int:
    code, said, complaints = ask([sys.executable, "-m", "benchmarks", "engines"], ROOT, os.environ)
    if code != 0:
        print("\n".join(complaints), file=sys.stderr)
        return code
    described = {"machine": traits(), "versions": current_versions(ROOT), "conditions": conditions()}
    print(json.dumps({**described, "engines": json.loads(said)}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
