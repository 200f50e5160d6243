"""Measures a kit (harmonic lut kit) with ONNX Runtime on this machine's CPU and fills in its manifest.

    python measure_with_onnxruntime.py KIT/manifest.csv [KIT/networks.csv ...]

Every model is run in turn with all others, some runs at a time, so that a change of the clock shows in all; of a turn
the fastest run counts, and of the turns the lower quintile is latency_ms: other programs can but slow a run down. What the runtime refuses gets the status "unsupported". For other runtimes: fill in
latency_ms, and energy_mj where it is known, in whatever way the device offers.
"""

import argparse
import csv
import os
import time

import numpy
import onnxruntime


class Model:
    def __init__(self, path, threads):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        generator = numpy.random.default_rng(0)
        self.inputs = {
            value.name: generator.standard_normal(value.shape).astype(numpy.float32)
            for value in self.session.get_inputs()
        }
        self.turns = []
        self.session.run(None, self.inputs)  # what cannot run is told at once

    def take_turn(self, warm_up, runs):
        times = []
        for run in range(warm_up + runs):
            start = time.perf_counter()
            self.session.run(None, self.inputs)
            if run >= warm_up:
                times.append(1e3 * (time.perf_counter() - start))
        self.turns.append(min(times))


def read_rows(path):
    with open(path, newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        return reader.fieldnames, list(reader)


def write_rows(path, columns, rows):
    temporary = path + ".tmp"
    with open(temporary, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    os.replace(temporary, path)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("manifests", nargs="+", help="manifest.csv, and networks.csv where the kit has one")
    parser.add_argument("--turns", type=int, default=60, help="of every model")
    parser.add_argument("--runs", type=int, default=10, help="a turn")
    parser.add_argument("--warm-up", type=int, default=3, help="runs before those, which do not count")
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()

    onnxruntime.set_default_logger_severity(4)
    tables, models = [], []
    for path in arguments.manifests:
        columns, rows = read_rows(path)
        tables.append((path, columns, rows))
        for row in rows:
            try:
                model = Model(os.path.join(os.path.dirname(path), row["file"]), arguments.threads)
            except Exception as refusal:  # whatever the runtime throws: it cannot run the model
                print(f"{row['file']}: {str(refusal).splitlines()[0]}")
                if "status" in row:
                    row["status"] = "unsupported"
                continue
            models.append((row, model))
    for turn in range(arguments.turns):
        for _, model in models:
            model.take_turn(arguments.warm_up, arguments.runs)
        print(f"turn {turn + 1} of {arguments.turns}", flush=True)
    for row, model in models:
        row["latency_ms"] = f"{sorted(model.turns)[len(model.turns) // 5]:.6g}"
    for path, columns, rows in tables:
        write_rows(path, columns, rows)


main()
