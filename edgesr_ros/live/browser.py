"""The distribution's Chromium without a window, driven by Selenium and the distribution's own chromedriver.

Those two always fit each other, which no library with a browser of its own promises.
"""

import importlib.util
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from edgesr_ros.errors import InputError

BROWSER, DRIVER, LIBRARY = "chromium", "chromedriver", "selenium"
_FLAGS = (
    "--headless",
    "--no-sandbox",  # namespaces, and CI, need root, and root has no sandbox
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # Nobody looks at the window, and still it is not idle.
    "--disable-renderer-backgrounding",
    "--disable-background-timer-throttling",
    "--disable-backgrounding-occluded-windows",
)


def check_browser(purpose: str) -> None:
    """Whether what it needs is installed.

    Raises:
        InputError: something is not; names the package, after the purpose.
    """
    if importlib.util.find_spec(LIBRARY) is None:
        raise InputError(
            f"{purpose}: expected the Python package {LIBRARY} (pip install -r requirements/peers.txt)"
        )
    for tool, package in ((BROWSER, "chromium"), (DRIVER, "chromium-driver")):
        if shutil.which(tool) is None:
            raise InputError(f"{purpose}: expected `{tool}` (Debian's package {package})")


def start_browser(profile: Path, flags: Sequence[str] = (), logs: Sequence[str] = ()) -> Any:
    """A driver of Selenium with a browser of its own; to be ended by `quit`.

    Args:
        profile: an empty folder for what it keeps.
        flags: of the command line, beside those for a browser that only does what it is told.
        logs: that it keeps, e.g. `browser`, which is the console, or `performance`.

    Raises:
        InputError: it does not start.
    """
    from selenium import webdriver
    from selenium.common.exceptions import WebDriverException
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which(BROWSER)
    for flag in (*_FLAGS, *flags, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", dict.fromkeys(logs, "ALL"))
    try:
        return webdriver.Chrome(options, Service(shutil.which(DRIVER)))
    except WebDriverException as error:
        raise InputError(f"{BROWSER} does not start: {str(error).splitlines()[0]}") from None
