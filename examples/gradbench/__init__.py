"""A tool of GradBench (https://github.com/gradbench/gradbench): its evals, differentiated by `modes`.

    evals -> protocol -> __main__        (a -> b: b imports a)

evals has every eval as data: what its functions take and give. protocol answers a program of GradBench's, line by line.
The functions themselves are those of :mod:`benchmarks.problems`: stated once, and measured by the suite as well.
"""
