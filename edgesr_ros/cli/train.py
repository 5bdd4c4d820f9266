"""`edgesr train`: make a network from photographs by a recipe."""

import argparse

from edgesr_ros.cli.training_folders import add_folders

HELP = "make a network by a recipe's steps; run it again to go on where it stopped"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("recipe", help="name in config/recipes, or path of a YAML file")
    add_folders(parser)
    parser.add_argument("--threads", type=int, default=None, help="CPU threads; default: all cores")


def run(arguments: argparse.Namespace) -> None:
    """Run the recipe's steps: the first leaves WORK/<recipe>/best.safetensors, later ones folders there."""
    import torch

    from edgesr_ros import resources
    from edgesr_ros.training.pipeline import run_recipe
    from edgesr_ros.training.ranks import ranks
    from edgesr_ros.training.recipe import read_recipe
    from edgesr_ros.training.steps.step import Run

    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    path = resources.find("config/recipes", arguments.recipe, ".yaml")
    recipe = read_recipe(path)
    with ranks() as team:
        run = Run(path.stem, recipe, arguments.data, arguments.work, arguments.perceptual, team)
        lines = run_recipe(run)
    if team.first:
        print("\n".join(lines))
