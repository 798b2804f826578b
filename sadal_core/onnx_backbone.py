"""The backbone in ONNX Runtime, which runs it about twice as fast on a processor as PyTorch."""

import os
import warnings
from pathlib import Path

os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # else it tells its makers about every session

import onnxruntime  # noqa: E402
import torch
from jaxtyping import Float
from torch import Tensor, nn

from sadal_core.bundled import REPAIR
from sadal_core.errors import ConfigError, WeightsError
from sadal_core.files import replacing

_OPSET = 18


class OnnxBackbone:
    """Stands in for `AgeModel.backbone` at inference: normalised faces to pooled features.

    Args:
        path: file that `write_onnx` wrote.

    Raises:
        WeightsError: the file is damaged, or is no network that this version can run.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        options = onnxruntime.SessionOptions()
        # Threads that wait by spinning take the cores from the detector and from other visitors.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.log_severity_level = 3
        try:
            self._session = onnxruntime.InferenceSession(
                str(path), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # its exceptions have no common class but this one
            raise WeightsError(f"{path} cannot be run. {REPAIR}.") from error

    def __reduce__(self) -> tuple[type["OnnxBackbone"], tuple[Path]]:
        """Opened anew in a worker process, because a session cannot travel there."""
        return OnnxBackbone, (self._path,)

    def __call__(
        self, faces: Float[Tensor, "batch 3 side side"]
    ) -> Float[Tensor, "batch features"]:
        """Pooled features."""
        (made,) = self._session.run(None, {"faces": faces.contiguous().numpy()})
        return torch.from_numpy(made)


def write_onnx(backbone: nn.Module, side: int, path: Path) -> None:
    """Write `backbone` for faces of `side` px as an ONNX file.

    Raises:
        ConfigError: the package onnx, which only this needs, is not installed.
    """
    try:
        import onnx  # noqa: F401
    except ImportError:
        raise ConfigError(
            "Writing ONNX files needs the package onnx, below version 1.23: "
            "pip install 'onnx<1.23'."
        ) from None
    batch = torch.zeros(2, 3, side, side)
    with replacing(path) as temporary, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter that needs no further package is the old one
        torch.onnx.export(
            backbone.eval(),
            (batch,),
            str(temporary),
            dynamo=False,
            opset_version=_OPSET,
            input_names=["faces"],
            output_names=["features"],
            dynamic_axes={"faces": {0: "batch"}, "features": {0: "batch"}},
        )
