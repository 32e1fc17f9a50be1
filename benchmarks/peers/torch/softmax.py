"""Softmax regression."""

import torch
from classifier import classify
from torch_peer import floats, weight, zeros


def make():
    weights = [weight(floats("w", 784, 10)), zeros(10)]
    return weights, lambda x: torch.addmm(weights[1], x, weights[0])


classify({"addmm": make}, 0.5)
