"""Runs ONNX models with ONNX Runtime and compares their logits with those given.

run_onnx.py FOLDER TOLERANCE: for every NAME.onnx there are NAME.INPUT.bin, an input's numbers, and NAME.logits.bin, the
expected float32 logits. Prints a line a model; exit code 1 when one differs by more than TOLERANCE, or that of its largest
logit where this is above 1, or the checker finds a fault.
"""
import pathlib
import sys

import numpy
import onnx
import onnxruntime

TYPES = {"tensor(float)": numpy.float32, "tensor(uint8)": numpy.uint8}


def largest_difference(path):
    onnx.checker.check_model(onnx.load(path), full_check=True)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1  # more would wait for each other where tests run side by side
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    inputs = {}
    for value in session.get_inputs():
        numbers = numpy.fromfile(path.with_suffix(f".{value.name}.bin"), TYPES[value.type])
        inputs[value.name] = numbers.reshape([-1, *value.shape[1:]])
    samples = len(next(iter(inputs.values())))
    expected = numpy.fromfile(path.with_suffix(".logits.bin"), numpy.float32).reshape(samples, -1)
    largest = 0.0
    for batch in (samples, 7, 1):
        parts = [
            session.run(["logits"], {name: rows[first : first + batch] for name, rows in inputs.items()})[0]
            for first in range(0, samples, batch)
        ]
        largest = max(largest, float(numpy.abs(numpy.concatenate(parts) - expected).max()))
    return largest, max(1.0, float(numpy.abs(expected).max()))


failed = False
paths = sorted(pathlib.Path(sys.argv[1]).glob("*.onnx"))
for path in paths:
    difference, size = largest_difference(path)
    failed |= not difference <= float(sys.argv[2]) * size
    print(f"{path.stem}: {difference:.2g} of logits up to {size:.3g}", flush=True)
sys.exit(1 if failed or not paths else 0)
