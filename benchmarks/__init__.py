"""The asv suite: what a Jacobian costs in forward and in reverse mode, one module a question.

    peers -> checks -> cases, pairs -> aspect, depth, profile, products, memory, crossover, accuracy,
                                       environment, backpropagation, tensors, hessian
                       cases -> shapes -> floor -> limit
                                          chunks, elementwise, growth           (chunks, growth: memory, too)
                           pairs -> single -> relative -> engines -> harness, published (engines: crossover, memory)
                                              growth, imports

(a -> b: b imports a.) Run it by asv, or by ``python -m analysis run``; ``python -m benchmarks cells`` lists
its cells.

Environment variables: MODES_PROFILE (quick, standard or full; standard where not set) chooses the lists of
cases and the number of pairs, MODES_PAIRS overrides the latter, MODES_ENGINES (names with commas between) the
engines that take part (peers.chosen), MODES_REFINE names a JSON file with further cases (crossover.Refine),
MODES_PRELOAD engines to load before asv forks its processes (peers.preload).
"""
