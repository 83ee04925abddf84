"""What the questions are asked with. Nothing here is a benchmark. (a -> b: b imports a)

    settings -> grids, ratio                           the environment; lists of cases
    cores -> pairs -> kernels                          threads, and a core for each; the BLAS kernels that there are
    pairs -> single -> relative; rounds; memory        the clock and the tracer: they know nothing of chains, modes, asv
    pairs -> steady; conditions                        has a device settled, and at what power and clock?
    checks, steady -> calls                            what is timed, compared with a reference first
    checks -> fitting                                  what fits into memory, a process a size
    recording, pairs -> processes                      one ratio from several fresh processes, or here for those who ask
    processes, calls, grids -> benchmark -> ratio      the base of every benchmark, which says why a cell has no number

shapes and comparisons hold sizes that several questions share.
"""
