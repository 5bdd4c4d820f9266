"""Operating points (codec x scale x quality): measured, walked along, and encoded at."""
