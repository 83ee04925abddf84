"""A run over the machines of a Dask cluster: groups of cells are sent out, measured there, sent back and filed.

Contract: :func:`spread` leaves results in a folder as `analysis.running.measure` does, and draws and reports nothing.
What a machine measures is `python -m analysis run --cells` in a clone of the very commit that is checked out here; so
what is measured there is what is measured here. A group (`groups`) is measured whole on one machine, and filed when it
has come back: whatever ends this process, what was filed is kept, and the next call with the same folder goes on. A
machine that dies has its groups done by another.

Together, the machines must be of one kind: processor, number of cores, BLAS with its kernels, Python, NumPy, and the
packages of the engines. Their results are filed under one name, which says the kind. Everywhere, each machine measures
everything, and files under its own name: what `replicate` compares.

Importing this room imports Dask, which the extra `cluster` brings.

    groups -> filing, dealing; filing -> store; remote -> connection -> crew; all of these -> spreading -> this
    described: what a worker runs in its clone
"""

from analysis.cluster.spreading import Orders, spread

__all__ = ["Orders", "spread"]
