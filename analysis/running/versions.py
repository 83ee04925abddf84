"""What a run is measured with: the versions of this process and of the code that is checked out."""

import ast
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_info

from analysis.errors import AnalysisError
from analysis.reading.provenance import Versions


def current_versions(root: Path, kernel: str = "") -> Versions:
    """VERSIONS of this process and of the project in `root`; BLAS as :func:`blas` names it."""
    return {
        "python": platform.python_version(),
        "numpy": np.__version__,
        "blas": blas(kernel),
        "modes": project_version(root),
    }


def blas(kernel: str = "") -> str:
    """NumPy's BLAS with the `kernel` that was chosen for the processes that measure, or else the one that it takes for
    this machine's: openblas 0.3.31, Haswell kernels."""
    every = [pool for pool in threadpool_info() if pool["user_api"] == "blas"]
    pools = [pool for pool in every if "numpy" in pool["filepath"]] or every  # SciPy brings one of its own
    return ", ".join(sorted(_blas(pool, kernel) for pool in pools)) or "not recognised"


def project_version(root: Path) -> str:
    """`modes.__version__` of the code in `root`, read and not imported: what is installed may be another's."""
    path = root / "modes" / "__init__.py"
    try:
        assigned = [node for node in ast.parse(path.read_bytes()).body if isinstance(node, ast.Assign)]
        (version,) = (node.value for node in assigned if ast.unparse(node.targets[0]) == "__version__")
        return str(ast.literal_eval(version))
    except (OSError, ValueError, SyntaxError) as error:
        raise AnalysisError(f"{path}: no __version__ can be read ({error}); restore it: git checkout {path}") from None


def _blas(pool: Mapping[str, Any], chosen: str) -> str:
    kernel = chosen if chosen and pool["internal_api"] == "openblas" else pool.get("architecture")
    return f"{pool['internal_api']} {pool['version']}{f', {kernel} kernels' if kernel else ''}"
