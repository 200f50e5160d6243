"""What TensorBoard shows of the runs below a folder: JSON {run: {tag: [[step, value], ...]}}.

usage: read_events.py FOLDER
"""
import json
import sys

from tensorboard.backend.event_processing.event_multiplexer import EventMultiplexer

shown = EventMultiplexer().AddRunsFromDirectory(sys.argv[1]).Reload()
json.dump(
    {
        run: {tag: [[e.step, e.value] for e in shown.Scalars(run, tag)] for tag in tags["scalars"]}
        for run, tags in shown.Runs().items()
    },
    sys.stdout,
)
