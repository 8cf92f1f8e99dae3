"""The processes that train together, each of which runs the networks on its share of every batch."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from dataclasses import dataclass

import torch
from lightning_fabric import Fabric
from torch import Tensor


@dataclass(frozen=True)
class Peers:
    """One of several processes that share batches; alone it has them whole.

    What is random is drawn for whole batches, by the same generator in every process. What the networks
    make of the shares is put together, and each process takes the loss of the whole batch: a term that
    compares measures compares all of them, and as many processes as one likes have the losses of one.
    Gradients are exact where they are averaged over the processes, as DistributedDataParallel does: each
    share gets that of as many losses as there are processes.

    Attributes:
        rank: number of this process.
        count: how many there are.
        collect: puts a tensor of the same shape from every process together, `[count, ...]`, and passes
            gradients back.
    """

    rank: int = 0
    count: int = 1
    collect: Callable[[Tensor], Tensor] | None = None

    @classmethod
    def of(cls, fabric: Fabric) -> Peers:
        """Those of a Fabric that has launched."""
        if fabric.world_size > 1:  # Fabric calls it by its former name
            warnings.filterwarnings("ignore", message=r"torch\.distributed\.nn\.functional\.all_gather")

        def collect(mine: Tensor) -> Tensor:
            theirs = fabric.all_gather(mine, sync_grads=torch.is_grad_enabled())
            assert isinstance(theirs, Tensor)  # noqa: S101 - as what was given
            return theirs

        return cls(fabric.global_rank, fabric.world_size, collect)

    def own(self, batch: Tensor) -> Tensor:
        """This process's share of the rows of a batch: every `count`-th; the first, where none is left."""
        if self.count == 1:
            return batch
        return batch[self.rank :: self.count] if self.rank < len(batch) else batch[:1]

    def all(self, mine: Tensor, rows: int) -> Tensor:
        """What all processes have of a batch of so many rows, in its order."""
        if self.collect is None or self.count == 1:
            return mine
        longest = -(-rows // self.count)
        if len(mine) < longest:
            mine = torch.cat([mine, mine.new_zeros(longest - len(mine), *mine.shape[1:])])
        # Number i of process p is row i * count + p; those past the batch are fillers at its end.
        return self.collect(mine).transpose(0, 1).flatten(0, 1)[:rows]


ALONE = Peers()


def follows() -> bool:
    """Whether this process was started to help another one, which alone writes and tells."""
    return int(os.environ.get("RANK", os.environ.get("LOCAL_RANK", "0"))) > 0


def machines() -> int:
    """How many machines `torchrun` has started this program on; one without it."""
    return int(os.environ.get("GROUP_WORLD_SIZE", "1"))
