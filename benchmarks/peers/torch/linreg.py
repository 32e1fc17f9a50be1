"""Linear regression: as product of matrices, and as product of matrix and vector."""

import torch
import torch.nn.functional as F
from torch_peer import descent, floats, options, train, weight, zeros

x = floats("x", -1, options["features"])
y = floats("y", -1)


def model(product, targets, *shape):
    def make():
        w = weight(floats("w", *shape))
        b = zeros(*shape[1:])
        return descent([w, b], lambda: F.mse_loss(product(b, x, w), targets), 0.1)

    return make


train({
    "addmv": model(torch.addmv, y, options["features"]),
    "addmm": model(torch.addmm, y.view(-1, 1), options["features"], 1),
})
