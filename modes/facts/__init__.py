"""Facts, the measured numbers that others cite, and what holds documents to them: in any repository, without the suite.

Contract: nothing here imports anything but the standard library and its own modules (`sphinx` besides: Sphinx, which
loads it), and nothing else of `modes` imports it. It lies inside `modes` so that it has one name in a clone and in the
wheel, whose one package `modes` is; the suite, which makes the facts, takes from here what a fact is.

    errors -> record -> ranges -> formats -> marks -> pages -> printing -> command; pages -> sphinx

(a -> b: b imports a)

`mode-crossover check docs` is `command`, and so is `python -m modes.facts`.
"""
