"""Time of the matrix products of a training step and of nothing else: what the step costs at least on this library."""

import time

from blas import aligned, note, product, sgemm, sgemv, vector_product
from sample import answer, compare_times, fastest, options


def calls_of(form):
    """Calls of one step, as (function, arguments, arguments of an empty call, repetitions); each product has arrays of its own."""
    for m, k, n, transpose_a, transpose_b, count in form:
        (a, keep_a), (b, keep_b), (c, keep_c) = aligned(m * k), aligned(k * n), aligned(m * n)
        keep.extend((keep_a, keep_b, keep_c))
        shape = (m, k, n, transpose_a, transpose_b, a, b, c)
        forms = {"sgemm": (sgemm, *product(*shape))}
        vector = vector_product(*shape)
        if vector:
            forms["sgemv"] = (sgemv, *vector)
        name = fastest({name: repeated(function, full) for name, (function, full, _) in forms.items()}, 0.01)
        yield (*forms[name], count)


def repeated(function, arguments):
    def body(count):
        for _ in range(count):
            function(*arguments)

    return body


keep = []


def step_of(form, empty):
    """A step as function of the number of its repetitions; an empty one calls as often but with no rows."""
    calls = [(function, nothing if empty else full, count) for function, full, nothing, count in form]

    def body(steps):
        for _ in range(steps):
            for function, arguments, count in calls:
                for _ in range(count):
                    function(*arguments)

    return body


forms = {name: list(calls_of(form)) for name, form in options["forms"].items()}
name = fastest({name: step_of(form, False) for name, form in forms.items()})
full, empty = step_of(forms[name], False), step_of(forms[name], True)
# What Python needs for its calls is no part of the products: it is measured by calls with nothing to compute, and taken off.
(overhead,) = compare_times([empty], 0.05)
full(1)
start = time.perf_counter()
steps = 0
while steps < options["steps"] and time.perf_counter() < start + options["budget"]:
    # Few looks at the clock where steps are short.
    chunk = min(options["steps"] - steps, options["chunk"])
    full(chunk)
    steps += chunk
seconds = time.perf_counter() - start - overhead * steps
answer({"seconds": max(seconds, 1e-9), "steps": steps, "loss": 0, "note": f"{name}, {note}"})
