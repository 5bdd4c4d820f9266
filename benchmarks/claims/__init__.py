"""A claim each: how it is measured, what a row of it is, how it is shown, and the goals it has to reach."""
