"""Linear regression: as product of matrices, as product of matrix and vector, and written out."""

import torch
import torch.nn.functional as F
from torch_peer import descent, floats, options, train, variant, weight, zeros

x = floats("x", -1, options["features"])
y = floats("y", -1)


def model(product, targets, *shape):
    def make():
        w = weight(floats("w", *shape))
        b = zeros(*shape[1:])
        return descent([w, b], lambda: F.mse_loss(product(b, x, w), targets), 0.1)

    return make


def plain():
    w = weight(floats("w", options["features"], 1))
    b = zeros(1)
    targets = y.view(-1, 1)
    return descent([w, b], lambda: (x @ w + b - targets).square().sum() / len(targets), 0.1)


train({"plain": plain} if variant == "plain" else {
    "addmv": model(torch.addmv, y, options["features"]),
    "addmm": model(torch.addmm, y.view(-1, 1), options["features"], 1),
})
