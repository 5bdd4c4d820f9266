"""The two ends of the link without ROS: what the nodes, the simulation and the benchmarks all run."""
