"""One step of each optimiser in NumPy, float64, written from the papers: for comparison with ours."""

import numpy as np


def moments(weight):
    """What Adam remembers of a weight before its first step."""
    return {"step": 0, "mean": np.zeros_like(weight), "square": np.zeros_like(weight)}


def take_in(state, gradient, betas):
    """Move the moments on by a gradient, and give them without their bias towards 0."""
    state["step"] += 1
    state["mean"] = betas[0] * state["mean"] + (1 - betas[0]) * gradient
    state["square"] = betas[1] * state["square"] + (1 - betas[1]) * gradient**2
    return state["mean"] / (1 - betas[0] ** state["step"]), state["square"] / (1 - betas[1] ** state["step"])


def adam_atan2(weight, gradient, state, *, lr, betas, decay):
    """arXiv 2407.05872 with a = b = 1; the mean's bias is that of the step's length (adam-atan2 0.0.3)."""
    _, square = take_in(state, gradient, betas)
    length = lr / (1 - betas[0] ** state["step"])
    return weight - lr * decay * weight - length * np.arctan2(state["mean"], np.sqrt(square))


def adamw(weight, gradient, state, *, lr, betas, decay):
    """arXiv 1711.05101, algorithm 2, with the usual epsilon."""
    mean, square = take_in(state, gradient, betas)
    return weight - lr * decay * weight - lr * mean / (np.sqrt(square) + 1e-8)


def newton_schulz(matrix, num_steps):
    """p(X) = aX + b(XX')X + c(XX')(XX')X again and again, term by term, from X of Frobenius norm 1."""
    x = matrix / (np.sqrt((matrix**2).sum()) + 1e-7)
    for _ in range(num_steps):
        cubed = x @ x.T @ x
        x = 3.4445 * x - 4.7750 * cubed + 2.0315 * (x @ x.T @ cubed)
    return x


def muon(weight, gradient, state, *, lr, momentum, num_steps, nesterov, decay):
    """Jordan et al., "Muon", 2024; the momentum is an average of gradients."""
    state["momentum"] = momentum * state.get("momentum", 0) + (1 - momentum) * gradient
    direction = (1 - momentum) * gradient + momentum * state["momentum"] if nesterov else state["momentum"]
    scale = max(1, weight.shape[0] / weight.shape[1]) ** 0.5
    return weight - lr * decay * weight - lr * scale * newton_schulz(direction, num_steps)


def sign_sgd(weights, identifiers, gradients, *, lr, decay):
    """A step against the sign of the sum of each touched row's gradients."""
    moved = weights.copy()
    for row in set(identifiers.tolist()):
        total = sum(gradient for identifier, gradient in zip(identifiers, gradients, strict=True) if identifier == row)
        moved[row] = weights[row] * (1 - lr * decay) - lr * np.sign(total)
    return moved
