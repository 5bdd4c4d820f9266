"""Several processes, one training run: `torchrun --nproc-per-node N -m edgesr_ros.cli.main train …`."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import torch
from torch import distributed, nn
from torch.nn.parallel import DistributedDataParallel


class Ranks(NamedTuple):
    """This process among those that train together; each takes its share of every batch."""

    rank: int = 0
    world: int = 1
    device: torch.device = torch.device("cpu")

    @property
    def first(self) -> bool:
        """Whether this process validates, writes and talks."""
        return self.rank == 0

    def wrap(self, network: nn.Module) -> nn.Module:
        """`network`, whose gradients are averaged over the processes."""
        if self.world == 1:
            return network
        # Batch norm is left to each process: its averages play no part in training.
        return DistributedDataParallel(network, broadcast_buffers=False)

    @contextmanager
    def first_alone(self) -> Iterator[None]:
        """The body runs in the first process before it runs in the others."""
        if self.world > 1 and not self.first:
            distributed.barrier()
        yield
        if self.world > 1 and self.first:
            distributed.barrier()


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
