"""Time per function of a chain of small elementwise functions, and what recording costs a perceptron."""

import torch
from sample import answer, compare_times, time_per_call
from torch_peer import floats, options, weight, write

pairs, minimum = options["pairs"], options["minimum"]
x, factor, term = (floats(name, -1) for name in ("chain_x", "factor", "term"))
leaf = weight(x)


def forward(value):
    for _ in range(pairs):
        value = value * factor + term
    return value


def plain(count):
    with torch.no_grad():
        for _ in range(count):
            forward(x)


def both(count):
    for _ in range(count):
        torch.autograd.grad(forward(leaf).sum(), leaf)


write("chain", forward(x))
write("chain_gradient", torch.autograd.grad(forward(leaf).sum(), leaf)[0])
plain_time, both_time = time_per_call(plain, minimum), time_per_call(both, minimum)

images, targets = floats("x", -1, options["inputs"]), floats("y", -1, options["outputs"])
w1, w2 = weight(floats("w1", options["inputs"], options["hidden"])), weight(floats("w2", options["hidden"], options["outputs"]))
b1, b2 = torch.zeros(options["hidden"], requires_grad=True), torch.zeros(options["outputs"], requires_grad=True)
weights = [w1, b1, w2, b2]


def loss():
    scores = torch.addmm(b2, torch.relu_(torch.addmm(b1, images, w1)), w2)
    return (targets - scores).square().sum() / images.shape[0]


def unrecorded(count):
    with torch.no_grad():
        for _ in range(count):
            loss().item()


def recorded(count):
    for _ in range(count):
        loss().item()


def gradient(count):
    for _ in range(count):
        torch.autograd.grad(loss(), weights)


write("loss", loss())
write("gradient", torch.autograd.grad(loss(), weights)[3])
times = compare_times([unrecorded, recorded, gradient], minimum / 2)
per_function = 1e6 / (2 * pairs)
figures = {"forward": plain_time * per_function, "forward+backward": both_time * per_function}
figures.update(zip(options["figures"], (seconds * 1e6 for seconds in times)))
answer({
    "seconds": plain_time + both_time,
    "steps": 1,
    "loss": 0,
    "figures": figures,
    "note": f"{options['threads']} threads",
})
