"""`python -m analysis.cluster.described`: what measures where this runs, as JSON, before anything is measured.

{"machine": asv's description of the machine, "versions": `analysis.reading.provenance.VERSIONS`, "engines": every
engine as `python -m benchmarks engines` describes it}. A worker runs it in its clone: the commit is the one asked for.
"""

import json
import os
import sys
from pathlib import Path

from asv.machine import Machine, MachineCollection
from asv.util import UserError

from analysis.running.children import ask
from analysis.running.versions import current_versions

ROOT = Path(__file__).resolve().parents[2]


def traits() -> dict[str, str]:
    """The machine as asv files it: as its user described it, or as asv finds it."""
    try:
        found: dict[str, str] = MachineCollection.load(Machine.get_unique_machine_name())
    except UserError:
        found = Machine.get_defaults()
    return found


def main() -> int:
    code, said, complaints = ask([sys.executable, "-m", "benchmarks", "engines"], ROOT, os.environ)
    if code != 0:
        print("\n".join(complaints), file=sys.stderr)
        return code
    described = {"machine": traits(), "versions": current_versions(ROOT), "engines": json.loads(said)}
    print(json.dumps(described))
    return 0


if __name__ == "__main__":
    sys.exit(main())
