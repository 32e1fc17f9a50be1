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


variant = options["variant"]
on_gpu = variant.startswith("cuda")
device = torch.device(options["torchDevice"] if on_gpu else "cpu")


def prepare():
    """Float32 is float32: no TF32 on a GPU, whose libraries may try what is fastest for a shape."""
    if not on_gpu:
        check_blas()
        torch.set_num_threads(options["threads"])
        torch.set_flush_denormal(True)
        return
    if device.type == "cuda" and not torch.cuda.is_available():
        fail(f"PyTorch {torch.__version__} sees no GPU: install one that is built for CUDA")
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cudnn.benchmark = True


sample.leave_with_parent()
prepare()


def finish():
    """Waits until everything has been computed."""
    if device.type == "cuda":
        torch.cuda.synchronize()


def floats(name, *shape):
    """A float32 input that start.ts left."""
    return torch.frombuffer(sample.input_bytes(name), dtype=torch.float32).view(*shape).to(device)


def integers(name, *shape):
    """An int32 input that start.ts left, as the int64 that PyTorch's losses want."""
    return torch.frombuffer(sample.input_bytes(name, "i32"), dtype=torch.int32).long().view(*shape).to(device)


def zeros(*shape):
    """A weight that begins with zeros."""
    return torch.zeros(shape, device=device, requires_grad=True)


def weight(tensor):
    """A copy that is trained."""
    return tensor.clone(memory_format=torch.preserve_format).requires_grad_()


def write(name, tensor):
    """Leaves a result for start.ts to check."""
    sample.write_output(name, tensor.detach().contiguous().cpu().numpy().tobytes())


def mnist():
    """The training images `[60000, 784]` in [0, 1] and their labels."""
    with gzip.open(options["images"]) as file:
        pixels = torch.frombuffer(bytearray(file.read()), dtype=torch.uint8)[16:]
    with gzip.open(options["labels"]) as file:
        labels = torch.frombuffer(bytearray(file.read()), dtype=torch.uint8)[8:]
    return (pixels.view(-1, 784) / 255).to(device), labels.long().to(device)


def compiled(function):
    """The function, compiled where the variant says so."""
    if variant != "cuda-compile":
        return function
    if not hasattr(torch, "compile"):
        fail(f"PyTorch {torch.__version__} has no torch.compile: install version 2 or newer")
    return torch.compile(function)


def captured(body, inputs, changed):
    """`body(*inputs)`, recorded as a CUDA graph where the variant says so. `changed` are the tensors that it changes."""
    if variant != "cuda-graphs":
        return body
    if device.type != "cuda":
        fail(f"CUDA graphs are recorded on a GPU alone, not on the device {device}")
    places = [tensor.clone() for tensor in inputs]
    before = [tensor.detach().clone() for tensor in changed]
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(3):
            body(*places)
    torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        body(*places)
    with torch.no_grad():
        for tensor, value in zip(changed, before):
            tensor.copy_(value)

    def replay(*tensors):
        for place, tensor in zip(places, tensors):
            place.copy_(tensor)
        graph.replay()

    return replay


def descent(weights, loss_of, rate, batch_of=lambda index: ()):
    """
    One step of gradient descent, in place and without an optimizer, and the loss on the first batch.

    `loss_of` is a function of the tensors that `batch_of` gives for the number of a step.
    """
    fast_loss = compiled(loss_of)

    def body(*batch):
        gradients = torch.autograd.grad(fast_loss(*batch), weights)
        with torch.no_grad():
            torch._foreach_add_(weights, gradients, alpha=-rate)

    run = captured(body, batch_of(0), weights)

    def step(index):
        run(*batch_of(index))

    def loss():
        with torch.no_grad():
            return loss_of(*batch_of(0)).item()

    return step, loss


def train(forms):
    """
    Takes the sample with one of several forms of a model: the variant that the options name, or else the fastest in a short trial.

    `forms` are functions by name that make the model from its first weights and give its step, by index, and its loss.
    """
    name = variant if variant in forms else sample.fastest({name: trial(make) for name, make in forms.items()})
    step, loss = forms[name]()
    result = sample.train(step, loss, finish)
    result["note"] = f"{name}, PyTorch {torch.__version__}" if on_gpu else f"{name}, {options['threads']} threads"
    sample.answer(result)


def trial(make):
    """Steps of a model of its own, as function of their number."""
    step, _ = make()

    def body(count):
        for index in range(count):
            # Some workloads bring data for so many steps only.
            step(index % (options["warmup"] + options["steps"]))
        finish()

    body(1)
    return body
