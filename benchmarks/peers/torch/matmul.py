"""Single matrix products, in GFLOP/s."""

import torch
from sample import answer, time_per_call
from torch_peer import floats, options, write

figures, total = {}, 0
for i, product in enumerate(options["products"]):
    a, b = (
        floats(f"{side}{i}", product[side]["rows"], product[side]["columns"]) for side in ("a", "b")
    )
    a, b = (x.t() if product[side]["transposed"] else x for side, x in (("a", a), ("b", b)))
    write(str(i), torch.mm(a, b))

    def body(count):
        for _ in range(count):
            torch.mm(a, b)

    seconds = time_per_call(body, options["minimum"])
    figures[product["name"]] = product["flop"] / seconds / 1e9
    total += seconds
answer({"seconds": total, "steps": 1, "loss": 0, "figures": figures, "note": f"{options['threads']} threads"})
