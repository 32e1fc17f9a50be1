"""Takes one sample on behalf of start.ts: options, inputs and outputs, timing. Needs nothing but Python's own library."""

import json
import os
import shutil
import sys
import threading
import time

options = json.loads(sys.argv[1])


def fail(sentence):
    """Ends the process; start.ts shows the sentence as the reason why there is no sample."""
    sys.stderr.write(sentence + "\n")
    sys.stderr.flush()
    os._exit(1)


def leave_with_parent():
    """Ends this process, and removes the folder of its inputs, when the process that started it is killed."""

    def wait():
        sys.stdin.read()
        shutil.rmtree(options["folder"], ignore_errors=True)
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


def input_bytes(name, kind="f32"):
    with open(os.path.join(options["folder"], name + "." + kind), "rb") as file:
        return bytearray(file.read())


def write_output(name, data):
    with open(os.path.join(options["folder"], name + ".out"), "wb") as file:
        file.write(data)


def answer(result):
    """Prints the result and ends the process, without waiting for the threads of a library."""
    times = os.times()
    result["helpers"] = times.user + times.system
    sys.stdout.write("\n" + json.dumps(result) + "\n")
    sys.stdout.flush()
    os._exit(0)


def time_per_call(body, minimum):
    """Mean seconds of `body(count)` per count, in a round that takes at least `minimum` seconds; as timePerCall in contract.ts."""
    count = 1
    while True:
        start = time.perf_counter()
        body(count)
        seconds = time.perf_counter() - start
        if seconds >= minimum:
            return seconds / count
        count = max(count + 1, min(count * 10, int(count * minimum * 1.2 / max(seconds, 1e-6)) + 1))


def compare_times(bodies, minimum, rounds=5):
    """Mean seconds of each of several bodies: they take turns, and the best turn counts; as compareTimes in contract.ts."""
    best = [float("inf")] * len(bodies)
    for _ in range(rounds):
        for i, body in enumerate(bodies):
            best[i] = min(best[i], time_per_call(body, minimum))
    return best


def fastest(forms, minimum=0.1, rounds=4):
    """Name of the fastest of several forms of the same computation, given as functions of a number of repetitions."""
    names = list(forms)
    if len(names) == 1:
        return names[0]
    times = compare_times([forms[name] for name in names], minimum, rounds)
    return names[times.index(min(times))]


def train(step, loss=None, finish=lambda: None):
    """
    Takes the sample of a training workload, as train in contract.ts does: loss, warm-up, the timed steps, loss again.

    `finish` waits for what steps have only enqueued, also every 16 steps, so that the budget holds.
    """
    first_loss = loss() if loss else None
    index = 0
    warm = time.perf_counter() + options["budget"] / 4
    while index < options["warmup"] and time.perf_counter() < warm:
        step(index)
        index += 1
    finish()
    start = time.perf_counter()
    limit = start + options["budget"]
    steps = 0
    while steps < options["steps"]:
        step(index)
        index += 1
        steps += 1
        if steps % 16 == 0:
            finish()
        if time.perf_counter() > limit:
            break
    finish()
    seconds = time.perf_counter() - start
    result = {"seconds": seconds, "steps": steps, "trained": index, "loss": loss() if loss else 0}
    if first_loss is not None:
        result["firstLoss"] = first_loss
    return result
