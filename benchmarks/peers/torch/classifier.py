"""Training of a model of MNIST, one batch of 100 a step."""

import torch.nn.functional as F
from torch_peer import descent, mnist, train


def classify(forms, rate, shape=(784,)):
    """`forms` are functions by name that give the weights of a model and its scores of a batch of images of the given shape."""
    images, labels = mnist()
    xs, ys = images.view(-1, *shape).split(100), labels.split(100)

    def trainer(make):
        def build():
            weights, predict = make()
            batch_of = lambda i: (xs[i % len(xs)], ys[i % len(ys)])
            return descent(weights, lambda x, y: F.cross_entropy(predict(x), y), rate, batch_of)

        return build

    train({name: trainer(make) for name, make in forms.items()})
