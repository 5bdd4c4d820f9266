"""A headless Chromium with the operator's page, driven as an operator does: by keys and pointer."""

import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

TIMEOUT = 60.0  # seconds; only a failing test waits so long
BROWSER, DRIVER = "chromium", "chromedriver"
_FLAGS = (
    "--headless",
    "--no-sandbox",  # CI is root, and root has no sandbox
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
_KEYS = {"Tab": 9, "Enter": 13, " ": 32, "ArrowRight": 39}


class Browser:
    """One page of the browser.

    Attributes:
        idle: called while something is waited for.
    """

    idle: Callable[[], None] = staticmethod(lambda: time.sleep(0.02))

    def __init__(self, downloads: Path) -> None:
        webdriver = pytest.importorskip("selenium.webdriver", reason="see requirements/test.txt")
        from selenium.webdriver.chrome.service import Service

        for tool, package in ((BROWSER, "chromium"), (DRIVER, "chromium-driver")):
            if shutil.which(tool) is None:
                pytest.skip(f"needs `{tool}`, Debian's package {package}: what a browser makes of the page")
        options = webdriver.ChromeOptions()
        options.binary_location = shutil.which(BROWSER)
        for flag in _FLAGS:
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        self._driver = webdriver.Chrome(options, Service(shutil.which(DRIVER)))
        self._tool(
            "Browser.setDownloadBehavior", behavior="allow", downloadPath=str(downloads), eventsEnabled=False
        )

    def open(self, address: str) -> None:
        """Go to an address."""
        self._driver.get(address)

    def ask(self, script: str) -> Any:
        """What a JavaScript expression is."""
        return self._driver.execute_script(f"return {script}")

    def text(self, name: str) -> str:
        """The text of the element with that id."""
        return self.ask(f"document.getElementById('{name}').textContent")

    def wait(self, condition: Callable[[], Any], what: str) -> Any:
        """Until the condition holds; what it then gives."""
        deadline = time.monotonic() + TIMEOUT
        while not (found := condition()):
            text = "document.body.innerText"
            assert time.monotonic() < deadline, f"waited in vain for {what}; the page: {self.ask(text)}"
            self.idle()
        return found

    def key(self, key: str, *kinds: str) -> None:
        """Press and release a key, or only one of the two."""
        code = _KEYS.get(key, ord(key[0].upper()))
        text = {"text": key} if len(key) == 1 else {"text": "\r"} if key == "Enter" else {}
        for kind in kinds or ("keyDown", "keyUp"):
            given = text if kind == "keyDown" else {}
            self._tool("Input.dispatchKeyEvent", type=kind, key=key, windowsVirtualKeyCode=code, **given)

    def screen(self, width: int, height: int, scheme: str = "light") -> None:
        """The size of the window, and whether it is `light` or `dark`."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        self._tool("Emulation.setDeviceMetricsOverride", **size)
        scheme_is = {"name": "prefers-color-scheme", "value": scheme}
        self._tool("Emulation.setEmulatedMedia", features=[scheme_is])

    def console(self) -> list[str]:
        """What the console has said since it was asked last, but for what is only told."""
        return [entry["message"] for entry in self._driver.get_log("browser") if entry["level"] != "INFO"]

    def requests(self) -> list[str]:
        """The addresses of all requests so far."""
        entries = self._driver.get_log("performance")
        return [part.split('"')[0] for entry in entries for part in entry["message"].split('"url":"')[1:]]

    def close(self) -> None:
        """End the browser."""
        self._driver.quit()

    def _tool(self, command: str, **given: object) -> Any:
        return self._driver.execute_cdp_cmd(command, given)
