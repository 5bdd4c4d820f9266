"""The experiment: several ways to bring a camera's picture over a link, on the same frames, compared by what
the operator sees.

Knows neither rclpy nor torch. Time is simulated: a minute on the link takes as long as its pictures take
to compute.
"""
