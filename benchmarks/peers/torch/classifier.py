"""Training of a model of MNIST, one batch of 100 a step."""

import torch.nn.functional as F
from torch_peer import descent, mnist, train, variant


def plain_loss(scores, gold):
    """The loss as our models write it, of labels in one-hot form."""
    return -(gold * F.log_softmax(scores, 1)).sum() / len(gold)


def classify(forms, rate, shape=(784,)):
    """`forms` are functions by name that give the weights of a model and its scores of a batch of images of the given shape."""
    images, labels = mnist()
    plain = variant == "plain"
    loss = plain_loss if plain else F.cross_entropy
    if plain:
        labels = F.one_hot(labels, 10).float()
    xs, ys = images.view(-1, *shape).split(100), labels.split(100)

    def trainer(make):
        def build():
            weights, predict = make()
            batch_of = lambda i: (xs[i % len(xs)], ys[i % len(ys)])
            return descent(weights, lambda x, y: loss(predict(x), y), rate, batch_of)

        return build

    train({name: trainer(make) for name, make in forms.items()})
