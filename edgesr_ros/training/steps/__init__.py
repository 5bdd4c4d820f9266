"""The steps that a recipe may have, a file each: what a recipe says of it, and what it does."""
