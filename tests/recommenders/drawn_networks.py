"""Networks with other numbers than training begins at."""

import torch


def drawn_anew(network: torch.nn.Module) -> None:
    """Numbers of half a unit, so that no layer says nothing."""
    torch.manual_seed(1)
    with torch.no_grad():
        for weights in network.parameters():
            weights.copy_(0.5 * torch.randn(weights.shape))
