"""Several processes, one training run: `torchrun --nproc-per-node N -m edgesr_ros.cli.main train …`."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import torch
from torch import distributed


class Ranks(NamedTuple):
    """This process among those that train together; each takes its share of every batch."""

    rank: int = 0
    world: int = 1
    device: torch.device = torch.device("cpu")

    @property
    def first(self) -> bool:
        """Whether this process validates, writes and talks."""
        return self.rank == 0

    def average(self, gradients: list[torch.Tensor]) -> None:
        """Over the processes, in place."""
        if self.world == 1:
            return
        whole = torch.cat([gradient.flatten() for gradient in gradients])  # once over the wire
        distributed.all_reduce(whole)
        for gradient, part in zip(gradients, whole.split([g.numel() for g in gradients]), strict=True):
            gradient.copy_(part.view(gradient.shape) / self.world)

    def meet(self) -> None:
        """Wait until all processes are here."""
        if self.world > 1:
            distributed.barrier()

    @contextmanager
    def first_alone(self) -> Iterator[None]:
        """The body runs in the first process before it runs in the others."""
        if not self.first:
            self.meet()
        yield
        if self.first:
            self.meet()


@contextmanager
def ranks() -> Iterator[Ranks]:
    """The processes that torchrun started; alone without it. A GPU each where there are some."""
    world = int(os.environ.get("WORLD_SIZE", "1"))
    local = int(os.environ.get("LOCAL_RANK", "0"))
    device = torch.device("cuda", local) if torch.cuda.is_available() else torch.device("cpu")
    if world == 1:
        yield Ranks(device=device)
        return
    if device.type == "cuda":
        torch.cuda.set_device(device)
    distributed.init_process_group("nccl" if device.type == "cuda" else "gloo")
    try:
        yield Ranks(distributed.get_rank(), world, device)
    finally:
        distributed.destroy_process_group()
