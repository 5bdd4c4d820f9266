"""A node under test as it is, but for its diagnostics: they come ten times as often.

What tests wait for is counted in diagnostics; at the rate of the field they would mostly wait for these.
"""

import runpy
import sys

from edgesr_ros.nodes import diagnostics

diagnostics.DIAGNOSTICS_PERIOD /= 10
runpy.run_module(sys.argv.pop(1), run_name="__main__", alter_sys=True)
