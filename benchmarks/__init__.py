"""The asv suite: what a Jacobian costs in forward and in reverse mode. Each module here asks one question of it.

    catalogue      what the suite and the analysis both know: cases, presets, engines, metrics; imports nothing of these
    problems       functions that the field compares on, one a module: plain NumPy
    peers          the engines, one a module
    apparatus      what questions are asked with: lists of cases, checks, the clock, the base of every benchmark
    advising       a user's own function, measured by the apparatus; `python -m analysis advise` asks it
    questions      all other modules; found by being there (``python -m benchmarks cells`` lists their cells)

    catalogue -> problems -> peers -> apparatus -> questions -> __main__; apparatus -> advising
    (a -> b: b imports a, or what is before it)

A question imports no other. asv stores results by the names of modules, classes and methods: those of questions stay.
Run it by asv, or by ``python -m analysis run``.

Environment variables: MODES_PRESET (first, quick, standard or full; quick where not set; formerly MODES_PROFILE)
chooses the lists of cases, the number of fresh processes that a ratio is measured in and that of the pairs each of them
takes, MODES_PROCESSES and MODES_PAIRS override these numbers, MODES_ENGINES (names with commas between) chooses the
engines that take part (apparatus.settings), MODES_REFINE names a JSON file with further cases
(crossover.Refine), MODES_PRELOAD engines to load before asv forks its processes (peers.preload), MODES_REASONS a file
to which a cell that has no number appends why, MODES_BEGUN one to which each cell appends that it begins
(catalogue.reasons), MODES_CORE the core to measure on, MODES_THREADS how many threads BLAS may have (apparatus.cores).
"""
