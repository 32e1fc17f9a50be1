"""Starts PyTorch in its best set-up, and trains the faster of several forms of a model."""

import gzip
import re

import sample
from sample import fail, options

try:
    import torch
except ImportError as error:
    fail(f"PyTorch does not load ({error}): install the Debian packages python3-torch and libopenblas0-openmp")


def loaded_libraries():
    """Paths of the shared libraries of this process."""
    with open("/proc/self/maps", encoding="utf-8") as maps:
        return set(re.findall(r"/\S+\.so\S*", maps.read()))


def check_blas():
    """Refuses a BLAS that would make PyTorch several times slower than it can be."""
    if torch.backends.mkl.is_available():
        return
    blas = sorted(path for path in loaded_libraries() if re.search(r"blas", path))
    if any("pthread" in path for path in blas) or not any("openblas" in path for path in blas):
        fail(f"PyTorch uses a slow BLAS ({', '.join(blas) or 'none'}): install the Debian package libopenblas0-openmp")


sample.leave_with_parent()
check_blas()
torch.set_num_threads(options["threads"])
torch.set_flush_denormal(True)


def floats(name, *shape):
    """A float32 input that start.ts left."""
    return torch.frombuffer(sample.input_bytes(name), dtype=torch.float32).view(*shape)


def integers(name, *shape):
    """An int32 input that start.ts left, as the int64 that PyTorch's losses want."""
    return torch.frombuffer(sample.input_bytes(name, "i32"), dtype=torch.int32).long().view(*shape)


def weight(tensor):
    """A copy that is trained."""
    return tensor.clone(memory_format=torch.preserve_format).requires_grad_()


def write(name, tensor):
    """Leaves a result for start.ts to check."""
    sample.write_output(name, tensor.detach().contiguous().numpy().tobytes())


def mnist():
    """The training images `[60000, 784]` in [0, 1] and their labels."""
    with gzip.open(options["images"]) as file:
        pixels = torch.frombuffer(bytearray(file.read()), dtype=torch.uint8)[16:]
    with gzip.open(options["labels"]) as file:
        labels = torch.frombuffer(bytearray(file.read()), dtype=torch.uint8)[8:]
    return pixels.view(-1, 784) / 255, labels.long()


def descent(weights, loss_of, rate):
    """One step of gradient descent, in place and without an optimizer, and the loss on the first batch."""

    def step(index):
        gradients = torch.autograd.grad(loss_of(index), weights)
        with torch.no_grad():
            torch._foreach_add_(weights, gradients, alpha=-rate)

    def loss():
        with torch.no_grad():
            return loss_of(0).item()

    return step, loss


def train(forms):
    """
    Takes the sample with one of several forms of a model: the variant that the options name, or else the fastest in a short trial.

    `forms` are functions by name that make the model from its first weights and give its step, by index, and its loss.
    """
    name = options["variant"] or sample.fastest({name: trial(make) for name, make in forms.items()})
    step, loss = forms[name]()
    result = sample.train(step, loss)
    result["note"] = f"{name}, {options['threads']} threads"
    sample.answer(result)


def trial(make):
    """Steps of a model of its own, as function of their number."""
    step, _ = make()

    def body(count):
        for index in range(count):
            # Some workloads bring data for so many steps only.
            step(index % (options["warmup"] + options["steps"]))

    body(1)
    return body
