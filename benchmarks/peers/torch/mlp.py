"""The perceptron with one hidden layer of 64."""

import torch
from classifier import classify
from torch_peer import floats, weight, zeros


def make():
    w1, w2 = weight(floats("w1", 784, 64)), weight(floats("w2", 64, 10))
    b1, b2 = zeros(64), zeros(10)
    return [w1, b1, w2, b2], lambda x: torch.addmm(b2, torch.relu_(torch.addmm(b1, x, w1)), w2)


classify({"addmm": make}, 0.5)
