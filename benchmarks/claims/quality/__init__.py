"""How good the pictures are: figures on a data set, and crops to look at."""
