"""Softmax regression."""

import torch
from classifier import classify
from torch_peer import floats, weight


def make():
    weights = [weight(floats("w", 784, 10)), torch.zeros(10, requires_grad=True)]
    return weights, lambda x: torch.addmm(weights[1], x, weights[0])


classify({"addmm": make}, 0.5)
