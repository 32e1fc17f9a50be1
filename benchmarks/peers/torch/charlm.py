"""The LSTM language model, from elementwise cells and from nn.LSTM; the state is carried from one step to the next."""

import torch
import torch.nn.functional as F
from torch_peer import captured, compiled, device, floats, integers, on_gpu, options, train, weight, zeros

vocabulary, batch, length = options["vocabulary"], options["batch"], options["length"]
hidden, embed = options["hidden"], options["embed"]
# [steps, length + 1, batch]
ids = integers("ids", -1, length + 1, batch)


def trained(weights, run):
    """Step and loss of a model that maps inputs `[length, batch]` and a state to outputs `[length * batch, hidden]` and a state."""
    projection, bias = weight(floats("projection", hidden, vocabulary)), zeros(vocabulary)
    weights = [*weights, projection, bias]
    zero, state = ([torch.zeros(batch, hidden, device=device) for _ in range(2)] for _ in range(2))

    def loss_of(stretch, *before):
        outputs, after = run(stretch[:length], before)
        return F.cross_entropy(torch.addmm(bias, outputs, projection), stretch[1:].reshape(-1)), after

    fast_loss = compiled(loss_of)

    def body(stretch):
        loss, after = fast_loss(stretch, *state)
        gradients = torch.autograd.grad(loss, weights)
        with torch.no_grad():
            torch._foreach_add_(weights, gradients, alpha=-1)
            for place, part in zip(state, after):
                place.copy_(part)

    run_body = captured(body, [ids[0]], [*weights, *state])

    def step(index):
        run_body(ids[index])

    def loss():
        with torch.no_grad():
            return loss_of(ids[0], *zero)[0].item()

    return step, loss


def cells():
    """The products with the inputs are taken over all time steps at once; gates are in the order forget, in, out, change."""
    table = weight(floats("embedding", vocabulary, embed))
    gates = floats("gates", embed + hidden, 4 * hidden)
    wx, wh, b = weight(gates[:embed]), weight(gates[embed:]), zeros(4 * hidden)

    def run(inputs, state):
        h, c = state
        outputs = []
        for x in torch.addmm(b, F.embedding(inputs, table).view(-1, embed), wx).view(length, batch, 4 * hidden).unbind(0):
            z = torch.addmm(x, h, wh)
            forget, enter, out = torch.sigmoid(z[:, : 3 * hidden]).chunk(3, 1)
            c = torch.addcmul(forget * c, enter, torch.tanh(z[:, 3 * hidden :]))
            h = out * torch.tanh(c)
            outputs.append(h)
        return torch.cat(outputs), (h, c)

    return trained([table, wx, wh, b], run)


def module():
    """nn.LSTM has its gates in the order in, forget, change, out, weights transposed, and a second bias that is left at 0 here."""
    table = weight(floats("embedding", vocabulary, embed))
    forget, enter, out, change = floats("gates", embed + hidden, 4 * hidden).chunk(4, 1)
    gates = torch.cat([enter, forget, change, out], 1).t()
    lstm = torch.nn.LSTM(embed, hidden, device=device)
    with torch.no_grad():
        lstm.weight_ih_l0.copy_(gates[:, :embed])
        lstm.weight_hh_l0.copy_(gates[:, embed:])
        lstm.bias_ih_l0.zero_()
        lstm.bias_hh_l0.zero_()
    lstm.bias_hh_l0.requires_grad_(False)

    def run(inputs, state):
        outputs, (h, c) = lstm(F.embedding(inputs, table), tuple(part.unsqueeze(0) for part in state))
        return outputs.view(-1, hidden), (h[0], c[0])

    return trained([table, lstm.weight_ih_l0, lstm.weight_hh_l0, lstm.bias_ih_l0], run)


# On a GPU nn.LSTM is cuDNN's: nothing that is made of single operations comes near it, and a hundred cells take minutes to compile.
train({"nn.LSTM": module} if on_gpu else {"elementwise cells": cells, "nn.LSTM": module})
