#!/usr/bin/env python3
"""What pymoo's NSGA-II tries on the problem of bench_search, whose --nsga2 judges it. Needs pymoo (pip install pymoo).

  nsga2.py --answers image.csv --answers audio.csv --noise 0.3 --seeds 10 --searches 240 > nsga2.json

Over one modality, both beside random networks in one table, with 5, 10 and 20 percent of the space evaluated (what is
tried again costs pymoo's nothing):

  nsga2.py --alone build/bench/bench_search --answers image.csv --device gpu=gpu.json --device cpu=cpu.json --seeds 10
"""
import argparse
import csv
import json
import math
import pathlib
import subprocess
import sys
import tempfile

try:
    import numpy as np
    from pymoo.algorithms.moo.nsga2 import NSGA2
    from pymoo.core.problem import ElementwiseProblem
    from pymoo.operators.crossover.sbx import SBX
    from pymoo.operators.mutation.pm import PM
    from pymoo.operators.repair.rounding import RoundingRepair
    from pymoo.operators.sampling.rnd import IntegerRandomSampling
    from pymoo.optimize import minimize
except ImportError as e:
    sys.exit(f"nsga2.py: left out, {e}: pip install pymoo")

MOST_CELLS = MOST_NODES = 4  # as in a search's defaults


class Answers:
    """Genomes as lists of indices into each gene's options, with their errors and costs."""

    @classmethod
    def read(cls, path):
        rows = list(csv.DictReader(open(path, newline="")))
        columns = [c for c in rows[0] if c.startswith(("latency_ms.", "energy_mj."))]
        least = [min(float(row[c]) for row in rows) for c in columns]
        return cls(
            {
                row["genome"]: (100 - float(row["metric"]), [float(row[c]) / l for c, l in zip(columns, least)])
                for row in rows
            }
        )

    def __init__(self, answers):
        self.answers = answers
        genes = [[part[2:].split(",") for part in genome.split(";")] for genome in self.answers]
        self.lengths = [len(part) for part in genes[0]]
        flat = [[int(gene) for part in parts for gene in part] for parts in genes]
        self.options = [sorted(set(of_gene) - {0}) for of_gene in zip(*flat)]

    def genome(self, indices):
        """Canonical text: genes of blocks beyond their stage's depth are 0."""
        values = iter([options[i] for options, i in zip(self.options, indices)])
        kernel, expand, depth = ([next(values) for _ in range(n)] for n in self.lengths)
        for part in (kernel, expand):
            for block in range(len(part)):
                if block % 4 >= depth[block // 4]:
                    part[block] = 0
        return ";".join(f"{name}={','.join(map(str, part))}" for name, part in zip("KED", (kernel, expand, depth)))


class Pairs(ElementwiseProblem):
    def __init__(self, modalities, noise, operator_cost, random):
        self.modalities, self.noise, self.operator_cost, self.random = modalities, noise, operator_cost, random
        self.tried = []
        highest = [len(options) - 1 for m in modalities for options in m.options] + [MOST_CELLS - 1, MOST_NODES - 1]
        costs = len(next(iter(modalities[0].answers.values()))[1])
        super().__init__(n_var=len(highest), n_obj=1 + costs, xl=0, xu=np.array(highest), vtype=int)

    def _evaluate(self, x, out, *_args, **_kwargs):
        genomes, at = [], 0
        for modality in self.modalities:
            genomes.append(modality.genome(x[at : at + len(modality.options)]))
            at += len(modality.options)
        cells, nodes = int(x[at]) + 1, int(x[at + 1]) + 1
        errors, costs = zip(*(m.answers[g] for m, g in zip(self.modalities, genomes)))
        seen = min(max(0.5 * math.sqrt(math.prod(errors)) + self.noise * self.random.standard_normal(), 0.0), 100.0)
        out["F"] = [seen] + [sum(of_both) + self.operator_cost * cells * nodes for of_both in zip(*costs)]
        self.tried.append({"genomes": genomes, "cells": cells, "nodes": nodes, "error": seen})


class Networks(ElementwiseProblem):
    """One modality alone: every network's point is known."""

    def __init__(self, points, wanted):
        self.space, self.wanted = Answers(points), wanted
        self.tried = {}  # in order
        highest = [len(options) - 1 for options in self.space.options]
        objectives = len(next(iter(points.values())))
        super().__init__(n_var=len(highest), n_obj=objectives, xl=0, xu=np.array(highest), vtype=int)

    def _evaluate(self, x, out, *_args, **_kwargs):
        genome = self.space.genome([int(i) for i in x])
        if len(self.tried) < self.wanted:
            self.tried[genome] = True
        out["F"] = self.space.answers[genome]


def nsga2(population, offspring):
    repair = RoundingRepair()
    return NSGA2(
        pop_size=population,
        n_offsprings=offspring,
        sampling=IntegerRandomSampling(),
        crossover=SBX(vtype=float, repair=repair),
        mutation=PM(vtype=float, repair=repair),
        eliminate_duplicates=True,
    )


def alone(options, rest):
    """What it tries of one modality, judged by bench_search."""
    bench = [options.alone, "--alone", "--answers", options.answers[0], "--seeds", str(options.seeds), *rest]
    with tempfile.TemporaryDirectory() as folder:
        points, tried = pathlib.Path(folder, "points.json"), pathlib.Path(folder, "tried.json")
        subprocess.run([*bench, "--points", points], check=True)
        runs = {}
        for case, of_case in json.loads(points.read_text()).items():
            wanted = len(of_case) * options.percent // 100
            for seed in range(1, options.seeds + 1):
                problem = Networks(of_case, wanted)

                def enough(algorithm, problem=problem, wanted=wanted):
                    if len(problem.tried) >= wanted:
                        algorithm.termination.force_termination = True

                minimize(
                    problem,
                    nsga2(options.population, options.offspring),
                    ("n_eval", 10 * wanted),
                    seed=seed,
                    callback=enough,
                )
                runs.setdefault(case, []).append(list(problem.tried))
        tried.write_text(json.dumps(runs))
        return subprocess.run([*bench, "--nsga2", tried]).returncode


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--answers", action="append", required=True)
    parser.add_argument("--noise", type=float, default=0.3)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--searches", type=int, default=240)
    parser.add_argument("--operator-cost", type=float, default=0.05)
    parser.add_argument("--population", type=int, default=24)
    parser.add_argument("--offspring", type=int, default=8, help="a generation, as bench_search's pairs")
    parser.add_argument("--alone", metavar="BENCH_SEARCH", help="of one modality; further options are bench_search's")
    parser.add_argument("--percent", type=int, default=20, help="of the networks to try, with --alone")
    options, rest = parser.parse_known_args()
    if options.alone:
        return alone(options, rest)
    if rest:
        parser.error("unknown: " + " ".join(rest))
    modalities = [Answers.read(path) for path in options.answers]
    runs = []
    for seed in range(1, options.seeds + 1):
        problem = Pairs(modalities, options.noise, options.operator_cost, np.random.default_rng(seed))
        algorithm = nsga2(options.population, options.offspring)
        minimize(problem, algorithm, ("n_eval", options.searches), seed=seed)
        runs.append(problem.tried)
    print(json.dumps(runs))
    return 0


if __name__ == "__main__":
    sys.exit(main())
