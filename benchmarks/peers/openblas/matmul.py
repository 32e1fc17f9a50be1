"""Single matrix products, in GFLOP/s."""

import ctypes

from blas import aligned, note, product, sgemm
from sample import answer, input_bytes, options, time_per_call, write_output

figures, total = {}, 0
for i, item in enumerate(options["products"]):
    a, b = item["a"], item["b"]
    m, k = (a["columns"], a["rows"]) if a["transposed"] else (a["rows"], a["columns"])
    n = b["rows"] if b["transposed"] else b["columns"]
    left, keep_left = aligned(m * k, input_bytes(f"a{i}"))
    right, keep_right = aligned(k * n, input_bytes(f"b{i}"))
    out, keep_out = aligned(m * n)
    arguments, _ = product(m, k, n, a["transposed"], b["transposed"], left, right, out)
    sgemm(*arguments)
    write_output(str(i), ctypes.string_at(out.value, 4 * m * n))

    def body(count):
        for _ in range(count):
            sgemm(*arguments)

    seconds = time_per_call(body, options["minimum"])
    figures[item["name"]] = item["flop"] / seconds / 1e9
    total += seconds
answer({"seconds": total, "steps": 1, "loss": 0, "figures": figures, "note": note})
