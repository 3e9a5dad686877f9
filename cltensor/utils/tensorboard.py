"""`ct.utils.tensorboard`: what TensorBoard shows, written by the package tensorboardX (extra
'tensorboard')."""

from __future__ import annotations

from collections.abc import Callable
from sys import modules as _modules
from typing import Any, NoReturn

import numpy as np

from cltensor.core.changes import GuardedByName
from cltensor.core.names import name_all as _name_all
from cltensor.core.suggestions import suggest as _suggest
from cltensor.core.tensor import Tensor
from cltensor.core.trees import mapped
from cltensor.dtypes import bfloat16, float16
from cltensor.errors import DependencyError

__all__ = ["SummaryWriter"]


def _package() -> Any:
    try:
        import tensorboardX
    except ImportError as error:
        raise DependencyError(
            "SummaryWriter: the package tensorboardX is not installed; "
            'pip install "cltensor[tensorboard]"'
        ) from error
    return tensorboardX


def _on_host(value: Any) -> Any:
    """A tensor's elements as NumPy's, of a dtype that the package knows; all else as it is."""
    if not isinstance(value, Tensor):
        return value
    found = value.detach()
    return (found.float() if found.dtype in (bfloat16, float16) else found).numpy()


class SummaryWriter(GuardedByName):
    """Writes scalars, pictures, histograms and texts of a run for TensorBoard.

        with SummaryWriter("runs/first") as writer:
            writer.add_scalar("loss", loss, step)

    Its methods are those of tensorboardX.SummaryWriter, which has PyTorch's names and arguments:
    add_scalar, add_scalars, add_histogram, add_image, add_images, add_figure, add_text,
    add_hparams, add_pr_curve, add_embedding, add_video, add_audio, add_mesh, flush, close. Each
    takes tensors, also in dicts and lists.

    Args:    log_dir: the folder, without one runs/ and the time and the machine's name, with
             `comment` behind them;  purge_step: forget what was written from that step on;
             max_queue, flush_secs: how much and how long to keep before writing;
             filename_suffix: what the file's name ends in.
    Raises:  DependencyError without the package tensorboardX.
    """

    def __init__(
        self,
        log_dir: Any = None,
        comment: str = "",
        purge_step: int | None = None,
        max_queue: int = 10,
        flush_secs: int = 120,
        filename_suffix: str = "",
    ) -> None:
        self._writer = _package().SummaryWriter(
            None if log_dir is None else str(log_dir),
            comment=comment,
            purge_step=purge_step,
            max_queue=max_queue,
            flush_secs=flush_secs,
            filename_suffix=filename_suffix,
        )

    @property
    def log_dir(self) -> str:
        """The folder that is written to."""
        return str(self._writer.logdir)

    def get_logdir(self) -> str:
        """The folder that is written to."""
        return self.log_dir

    def add_images(
        self, tag: str, img_tensor: Any, global_step: Any = None, walltime: Any = None,
        dataformats: str = "NCHW",
    ) -> None:  # fmt: skip
        """Write a batch of images, or a list of images (dataformats "CHW" or "HWC")."""
        found = mapped(_on_host, img_tensor)
        if isinstance(found, list):
            found, dataformats = np.stack(found), f"N{dataformats}"
        self._writer.add_images(tag, found, global_step, walltime, dataformats)

    def add_graph(self, model: Any, *args: Any, **kwargs: Any) -> NoReturn:
        """Raises NotImplementedError: there is no traced graph of a model."""
        raise NotImplementedError(
            "SummaryWriter.add_graph: models are not traced into a graph; add_text('model', "
            "str(model.summary(x))) shows the layers, and ct.explain the kernels"
        )

    def __getattr__(self, name: str) -> Callable[..., Any]:
        # Reached for what the package's class has: the writer itself is a plain attribute.
        if name.startswith("_"):
            raise AttributeError(f"'SummaryWriter' object has no attribute {name!r}")
        method = getattr(self._writer, name)
        if not callable(method):
            return method

        def call(*args: Any, **kwargs: Any) -> Any:
            return method(*mapped(_on_host, args), **mapped(_on_host, kwargs))

        return call

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *dir(self._writer)})

    def __enter__(self) -> SummaryWriter:
        return self

    def __exit__(self, *error: object) -> None:
        self._writer.close()


_name_all(globals(), __all__)
_suggest(_modules[__name__])
