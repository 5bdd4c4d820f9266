"""The bytes of a frame: stand-alone files, video packets, and the guards before both are decoded."""
