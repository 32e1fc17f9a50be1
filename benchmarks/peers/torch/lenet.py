"""LeNet with its images contiguous, and with channels last."""

import torch
import torch.nn.functional as F
from classifier import classify
from torch_peer import floats, weight, zeros


def model(layout):
    def make():
        filters = [floats("c1", 20, 1, 5, 5), floats("c2", 50, 20, 5, 5)]
        c1, c2 = (weight(filter.contiguous(memory_format=layout)) for filter in filters)
        d1, d2 = weight(floats("d1", 800, 500)), weight(floats("d2", 500, 10))
        b1, b2, b3, b4 = (zeros(size) for size in (20, 50, 500, 10))

        def predict(x):
            x = F.max_pool2d(F.relu_(F.conv2d(x, c1, b1)), 2)
            x = F.max_pool2d(F.relu_(F.conv2d(x, c2, b2)), 2)
            x = torch.relu_(torch.addmm(b3, x.flatten(1), d1))
            return torch.addmm(b4, x, d2)

        return [c1, b1, c2, b2, d1, b3, d2, b4], predict

    return make


forms = {"contiguous": torch.contiguous_format, "channels_last": torch.channels_last}
# One channel lies in memory as it does in the other layout, so the images need no second copy.
classify({name: model(layout) for name, layout in forms.items()}, 0.1, (1, 28, 28))
