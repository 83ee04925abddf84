"""What the suite and the analysis both know: cases, presets, engines, metrics, published times, written reasons.

Contract: plain data and pure functions, each stated here and nowhere else; `option` alone speaks to a user. Nothing
here is a benchmark, and nothing imports more than the standard library and `modes.chains`. The analysis imports this of
`benchmarks`, and nothing else.

    case -> engines; presets -> option; metrics; published; reasons        (a -> b: b imports a)
"""
