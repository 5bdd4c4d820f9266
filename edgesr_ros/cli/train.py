"""`edgesr train`: make a network from photographs by a recipe."""

import argparse
from pathlib import Path

HELP = "train a network by a recipe; run it again to go on where it stopped"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("recipe", help="name in config/recipes, or path of a YAML file")
    parser.add_argument(
        "--data", type=Path, required=True, help="folder of photographs, searched recursively"
    )
    parser.add_argument(
        "--work", type=Path, default=Path("work"), help="folder for patches, checkpoints and logs"
    )
    parser.add_argument(
        "--perceptual",
        type=Path,
        help="npz weights of the recipe's perceptual network; default: WORK/perceptual/<network>.npz",
    )
    parser.add_argument("--threads", type=int, default=None, help="CPU threads; default: all cores")


def run(arguments: argparse.Namespace) -> None:
    """Train to the recipe's last step; the best weights are WORK/<recipe>/best.safetensors."""
    import torch

    from edgesr_ros import resources
    from edgesr_ros.training.patches import prepare_patches
    from edgesr_ros.training.ranks import ranks
    from edgesr_ros.training.recipe import read_recipe
    from edgesr_ros.training.stage import BEST, Stage

    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    path = resources.find("config/recipes", arguments.recipe, ".yaml")
    recipe = read_recipe(path)
    perceptual = arguments.perceptual
    if recipe.perceptual and not perceptual:
        perceptual = arguments.work / "perceptual" / f"{recipe.perceptual.network}.npz"
    folder = arguments.work / path.stem
    with ranks() as team:
        with team.first_alone():
            patches = prepare_patches(
                arguments.data, recipe.patches, recipe.scale, arguments.work / "patches"
            )
        score = Stage(recipe, patches, folder, perceptual, team).run()
    if team.first:
        print(f"best validation {recipe.best_by} {score:.4g}: {folder / BEST}")
