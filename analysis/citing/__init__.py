"""Facts: each measured number with all that it holds for, under a key that does not change, for others to cite.

Contract: pure functions of tables and bytes, but for `sources`, which reads; the command line writes. The same tables
give the same bytes. What a fact is, its formats, and what holds documents to it are in `modes.facts`, which lies in the
wheel, so that other repositories have it; `publishing` makes a run into a page of facts.

A key says what was measured, never where or when, so that it stays the same over commits and machines:

    <engine>.crossover-time.m64.width64.depth4.dense.uniform.float64   n*, in inputs; crossover-memory likewise
    <engine>.aspect-time.m64.width64.depth4.dense.uniform.float64      n*/m; aspect-memory likewise
    <engine>.aspect-calibrated.m64.width64.depth4.dense.uniform.float64  n*/m as rates by shape predict it
    <engine>.jvp-over-f.n64.m64.width64.depth4.dense.uniform.tanh.float64     time over that of f; vjp-, gradient-
    <engine>.forward-over-floor.n64. ...     the engine's time over hand-written; reverse-, jvp-, vjp-, gradient-
    <engine>.forward-over-limit.n64. ...     over its multiply-adds in matrix products alone; reverse-over-limit
    <engine>.forward-over-fill.n64. ...      over filling an array of the result's size; reverse-over-fill
    <engine>.regret-mean.<rule>, .regret-max.<rule>, .wrong-choices.<rule>    the rules that software ships, scored
    <engine>.model-error-median.float64, .model-error-worst.float64      the cost model on cells held out, in percent
    <engine>.predictions-near.rates-by-shape    how many crossovers are predicted within 10 %, in percent
    <engine>.mixed-gain.n1024.m1024.width512.depth6.dense.waist16.tanh.float64   the better mode's time over mixed
    <engine>.crossover-waist.n64.m64.width64.depth4.dense.tanh.float64   the waist above which a cut no longer pays
    <engine>.auto-over-fastest.n64. ...    mode="auto" over the fastest of three modes
    <engine>.two-modes-mean, .two-modes-max     choosing the better of two modes over the fastest of three
    <engine>.forward-over-reverse.black-scholes.size1.n5.m5    on a known problem; jacobian-over-f likewise
    <engine>.tape-over-hand.recurrence.size100.n100.m1       reverse mode over a hand-written derivative; tape-over-f
    <engine>.problem-regret-mean.<rule>, .problem-regret-max.<rule>   the rules scored on known problems; auto-call
    <engine>.control-resolution                              what the A/A controls can tell apart, in percent
    <engine>.control-ratio                                   forward mode over itself, all A/A controls together

    record, statements -> collect -> sources -> publishing        (a -> b: b imports a)
"""

from analysis.citing.collect import collect
from analysis.citing.record import differences
from analysis.citing.sources import citable, collected, measured_facts
from modes.facts.formats import FORMATS, SUFFIXES, is_whole_file, one, whole_file
from modes.facts.ranges import facts_bytes, parse_facts, ranged, runs_of, stored_facts
from modes.facts.record import FILE, Fact, file_digest

__all__ = [
    "FILE",
    "FORMATS",
    "SUFFIXES",
    "Fact",
    "citable",
    "collect",
    "collected",
    "differences",
    "facts_bytes",
    "file_digest",
    "is_whole_file",
    "measured_facts",
    "one",
    "parse_facts",
    "ranged",
    "runs_of",
    "stored_facts",
    "whole_file",
]
