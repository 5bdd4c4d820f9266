"""The step that exports: model files that `--model` takes, each with its card."""

from pathlib import Path
from typing import Annotated

from msgspec import Meta

from edgesr_ros.sources.files import list_images
from edgesr_ros.training.export import Format, Precision, variants
from edgesr_ros.training.model_files import Model, write_models
from edgesr_ros.training.steps.step import Made, Run, Step, needed
from edgesr_ros.training.weights import load_network
from edgesr_ros.upscaling.card import InputSize, card_path


class Export(Step, tag="export"):
    """Writes the weights as model files; the next step starts from the weights themselves."""

    formats: Annotated[tuple[Format, ...], Meta(min_length=1)] = ("onnx",)
    precisions: Annotated[tuple[Precision, ...], Meta(min_length=1)] = ("float32",)
    size: InputSize = InputSize(width=160, height=120)  # that a TFLite file is for
    # Of the weights; null: Apache-2.0, or that of imported ones with which they began.
    licence: str | None = None

    def run(self, run: Run, weights: Path | None, folder: Path, parents: dict[str, str]) -> Made:
        weights = needed(weights, "export")
        facts = run.facts(weights, parents)
        network = load_network(weights, facts.spec)
        chosen = variants(self.formats, self.precisions, network)
        pictures = run.calibration_pictures(self.size)
        data = f"{len(list_images(run.data, recursive=True))} photographs of {run.data.resolve().name}"
        said: list[str] = []
        if facts.origin:
            data = f"{data}; begun with weights of {facts.origin.training_data}"
        model = Model(run.name, self.size, data, self.licence or facts.licence("Apache-2.0"))
        files = write_models(network, facts, model, chosen, pictures, folder, said.append)
        return Made(weights, (*files, *map(card_path, files)), tuple(said))
