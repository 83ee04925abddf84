"""All that is found in one run: every table, each computed once, on first use, and handed on from here.

Contract: :class:`Findings` is made of the tidy table of one run and of its provenance, and does not change. Figures,
report and facts take from it what they show and compute none of it; a further table is a line here. A table is
computed when it is first asked for, since few commands need them all: facts need no panels, figures no growth. What it
holds says the function that makes it.
"""

from dataclasses import dataclass, field
from functools import cached_property

import pandas as pd

from analysis.reading.provenance import Provenance
from analysis.tables import (
    calibrated,
    crossover,
    device,
    growth,
    kernels,
    libraries,
    limits,
    mixed,
    model,
    noise,
    problems,
    rules,
    summary,
)
from analysis.tables.rows import engines_first, measured
from analysis.tables.shown import choosing, crossing, trust
from analysis.tables.shown import libraries as beside
from analysis.tables.shown import limits as costs
from analysis.tables.shown import mixed as three
from analysis.tables.shown import problems as known


@dataclass(frozen=True, eq=False)  # tables do not compare as one
class Findings:
    """What was found in one run. `tidy` holds that run alone."""

    tidy: pd.DataFrame
    provenance: Provenance = field(default_factory=Provenance)

    # --- the run: what it holds, and what has no number and why ---
    summary = cached_property(lambda self: summary.summary(self.tidy))
    blas = cached_property(lambda self: kernels.blas(self.provenance.known, self.tidy))
    noted = cached_property(
        lambda self: libraries.noted(self.tidy, self.provenance.engines, self.provenance.faults),
    )
    ratios_measured = cached_property(lambda self: not measured(self.tidy, "log_ratio", mode="forward/reverse").empty)
    libraries = cached_property(lambda self: libraries.libraries(self.tidy))

    # --- crossovers, and how sure they are ---
    curves = cached_property(lambda self: crossover.curves(self.tidy))
    crossovers = cached_property(lambda self: crossover.located(self.curves))
    controls = cached_property(lambda self: crossover.controls(self.tidy))
    together = cached_property(lambda self: noise.together(self.controls))
    together_by_engine = cached_property(lambda self: noise.together_by_engine(self.controls))
    failing = cached_property(lambda self: noise.failing(self.controls))
    spans = cached_property(lambda self: noise.spans(self.crossovers, self.curves, self.controls))
    told = cached_property(lambda self: noise.told(self.crossovers, self.spans, self.failing))
    counted = cached_property(lambda self: crossover.predicted(crossover.with_ends(self.told, self.curves)))
    headline = cached_property(lambda self: summary.headline(self.tidy, self.crossovers, self.spans))
    settings = cached_property(lambda self: summary.settings(self.crossovers, self.spans))

    # --- the cost model, and the rules ---
    rates = cached_property(lambda self: calibrated.rates_of(self.provenance.rates))
    nearness = cached_property(lambda self: calibrated.nearness(self.predictions))
    models = cached_property(lambda self: model.models(self.tidy))
    fits = cached_property(lambda self: model.fits(self.models))
    held_out = cached_property(lambda self: model.held_out(self.models))
    predictions = cached_property(
        lambda self: model.predictions(self.tidy, self.counted, self.models, self.curves, self.rates)
    )
    choices = cached_property(lambda self: rules.choices(self.tidy, self.models, self.rates))
    scores = cached_property(lambda self: rules.scores(self.choices))
    whole_calls = cached_property(lambda self: rules.whole_calls(self.tidy))
    scores_by_profile = cached_property(lambda self: rules.scores(self.choices, by=["profile"]))

    # --- neither mode ---
    mixed_gains = cached_property(lambda self: mixed.gains(self.tidy, self.models))
    waist_crossovers = cached_property(
        lambda self: noise.told_waists(mixed.waist_crossovers(self.tidy, self.models), self.failing),
    )
    mixed_regions = cached_property(lambda self: mixed.regions(self.tidy))
    mixed_choices = cached_property(lambda self: mixed.choices(self.mixed_regions))
    mixed_scores = cached_property(lambda self: rules.scores(self.mixed_choices))
    mixed_auto = cached_property(lambda self: mixed.auto_ratios(self.tidy))
    mixed_peaks = cached_property(lambda self: mixed.peaks(self.tidy))

    # --- known problems ---
    problem_choices = cached_property(lambda self: problems.choices(self.tidy))
    problem_scores = cached_property(lambda self: problems.problem_scores(self.problem_choices))
    problem_outcomes = cached_property(lambda self: problems.outcomes(self.tidy))
    problem_tapes = cached_property(lambda self: problems.tapes(self.tidy))

    # --- the report's tables, a section each; tidy_csv and crossovers go to a file as well ---
    tidy_csv = cached_property(lambda self: trust.tidy_csv(self.tidy))

    crossover_table = cached_property(lambda self: crossing.crossover_table(self.counted))
    peaks = cached_property(lambda self: crossing.peaks(self.tidy))
    memory_table = cached_property(lambda self: crossing.memory_table(self.peaks))

    over_floor = cached_property(lambda self: limits.over_floor(self.tidy))
    over_limit = cached_property(lambda self: limits.over_limit(self.tidy))
    over_fill = cached_property(lambda self: limits.over_fill(self.tidy))
    over_memory = cached_property(lambda self: limits.over_memory(self.tidy))
    growth = cached_property(lambda self: growth.growth(self.tidy))
    growth_table = cached_property(lambda self: growth.growth_table(self.growth))
    chunks = cached_property(lambda self: limits.chunks(self.tidy))
    product_table = cached_property(lambda self: costs.product_table(self.tidy))

    fastest_engines = cached_property(lambda self: libraries.fastest(self.noted))
    engine_crossovers = cached_property(lambda self: libraries.crossing(self.counted))
    engine_headline = cached_property(lambda self: beside.headline_table(self.engine_crossovers, self.headline))
    engine_costs = cached_property(lambda self: libraries.cost(self.noted))
    engine_setups = cached_property(lambda self: libraries.setup(self.noted))
    engine_memory = cached_property(lambda self: libraries.memory(self.noted))
    published_ratios = cached_property(lambda self: libraries.published(self.noted))
    harness_shares = cached_property(lambda self: libraries.harness(self.noted))

    device_fitting = cached_property(lambda self: device.fitting(self.tidy))
    device_memory = cached_property(lambda self: device.memory(self.tidy))
    device_home = cached_property(lambda self: device.home(self.tidy))
    device_warm_up = cached_property(lambda self: device.warm_up(self.tidy))
    device_conditions = cached_property(lambda self: device.conditions(self.tidy))

    profile_table = cached_property(lambda self: choosing.profile_table(self.scores_by_profile))
    engine_table = cached_property(lambda self: choosing.engine_table(self.scores))
    near_table = cached_property(lambda self: engines_first(self.nearness))
    rule_table = cached_property(lambda self: choosing.rule_table(self.scores))
    model_table = cached_property(lambda self: choosing.model_table(self.fits))
    prediction_table = cached_property(lambda self: choosing.prediction_table(self.predictions))

    mixed_gain_table = cached_property(lambda self: three.gain_table(self.mixed_gains))
    waist_table = cached_property(lambda self: three.waist_table(self.waist_crossovers))
    mixed_rule_table = cached_property(lambda self: three.rule_table(self.mixed_scores))
    mixed_vain_table = cached_property(lambda self: three.vain_table(self.mixed_gains))

    problem_rule_table = cached_property(lambda self: known.rule_table(self.problem_scores))
    problem_table = cached_property(lambda self: known.outcome_table(self.problem_outcomes))
    problem_tape_table = cached_property(lambda self: known.tape_table(self.problem_tapes))

    control_table = cached_property(lambda self: trust.control_table(self.controls))
    joint_control_table = cached_property(lambda self: trust.joint_control_table(self.controls, self.together))
    failed_table = cached_property(lambda self: trust.failed_table(self.noted))

    # --- what the figures draw, in the order of the report ---
    cost_panels = cached_property(lambda self: crossing.cost_panels(self.tidy, self.counted))
    map_panels = cached_property(lambda self: crossing.map_panels(self.tidy, self.counted))
    headline_panels = cached_property(lambda self: crossing.headline_panels(self.tidy, self.counted, self.headline))
    ratio_panels = cached_property(lambda self: crossing.ratio_panels(self.counted, self.predictions, self.tidy))
    memory_panels = cached_property(lambda self: crossing.memory_panels(self.peaks))
    product_panels = cached_property(lambda self: costs.product_panels(self.tidy))
    limit_panels = cached_property(lambda self: costs.limit_panels(self.tidy))
    overhead_panels = cached_property(lambda self: costs.overhead_panels(self.tidy))
    chunk_panels = cached_property(lambda self: costs.chunk_panels(self.chunks, self.tidy))
    engine_crossover_panels = cached_property(lambda self: beside.crossover_panels(self.tidy, self.counted))
    engine_time_panels = cached_property(lambda self: beside.time_panels(self.tidy))
    regret_panels = cached_property(lambda self: choosing.regret_panels(self.scores, self.tidy))
    error_panels = cached_property(lambda self: choosing.error_panels(self.held_out, self.fits, self.tidy))
    mixed_panels = cached_property(
        lambda self: three.panels(self.tidy, self.mixed_gains, self.waist_crossovers, self.mixed_regions, self.models)
    )
    problem_panels = cached_property(lambda self: known.panels(self.problem_choices, self.problem_scores))
