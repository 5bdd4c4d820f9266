"""Networks in onnxruntime on GPUs, through its execution providers.

A provider takes those operators of a model that it can; the others fall to the next one in the list, at last
to the CPU (https://onnxruntime.ai/docs/execution-providers/). Options are those that the providers' pages
there name; what none of them needs to be told stays as they have it.
"""

from contextlib import suppress

from edgesr_ros.upscaling.backend_cache import cache_folder
from edgesr_ros.upscaling.onnx_runtime import OnnxUpscaler, Provider

# The default, EXHAUSTIVE, tries every algorithm for every convolution at each new size of frames, of which a
# rate controller makes a few; this is, by the page of CUDA, a "lightweight heuristic based search".
_CUDA: Provider = ("CUDAExecutionProvider", {"cudnn_conv_algo_search": "HEURISTIC"})


class CudaUpscaler(OnnxUpscaler):
    """On an NVIDIA GPU, by CUDA and cuDNN."""

    backend, device = "onnxruntime/cuda", "cuda"
    provider, package = _CUDA[0], "onnxruntime-gpu[cuda,cudnn]"

    def _providers(self, is_file: bool) -> list[Provider]:
        import onnxruntime

        # Finds CUDA and cuDNN where pip has put them. Old builds, as there are for Jetson, cannot.
        if preload := getattr(onnxruntime, "preload_dlls", None):
            preload()
        return [_CUDA, *super()._providers(is_file)]


class TensorRtUpscaler(CudaUpscaler):
    """On an NVIDIA GPU, by TensorRT, which can take long to build what the first picture of a size needs.

    What it cannot do is CUDA's, as its page recommends. What it has made of a model is kept, in the user's
    cache folder.
    """

    backend, device = "onnxruntime/tensorrt", "tensorrt"
    provider = "TensorrtExecutionProvider"

    def _providers(self, is_file: bool) -> list[Provider]:
        options: dict[str, object] = {}
        # One folder a model file, and none for weights that are in no file: onnxruntime tells engines apart
        # by the names in a graph and by versions, not by weights.
        if is_file:
            kept = cache_folder() / "tensorrt" / self._card.sha256[:16]
            with suppress(OSError):  # where nothing can be written, nothing is kept
                kept.mkdir(parents=True, exist_ok=True)
                options = {"trt_engine_cache_enable": True, "trt_engine_cache_path": str(kept)}
        return [(self.provider, options), *super()._providers(is_file)]


class OnnxOpenVinoUpscaler(OnnxUpscaler):
    """On an Intel GPU, by the OpenVINO inside onnxruntime's own build for it."""

    backend, device = "onnxruntime/openvino-gpu", "openvino-gpu"
    provider, package = "OpenVINOExecutionProvider", "onnxruntime-openvino"

    def _providers(self, is_file: bool) -> list[Provider]:
        return [(self.provider, {"device_type": "GPU"}), *super()._providers(is_file)]


ONNX_RUNNERS = (OnnxUpscaler, CudaUpscaler, TensorRtUpscaler, OnnxOpenVinoUpscaler)


def onnx_runner(device: str) -> type[OnnxUpscaler]:
    """What runs ONNX models on a device; on the CPU where it names none of onnxruntime's."""
    return next((runner for runner in ONNX_RUNNERS if runner.device == device), OnnxUpscaler)
