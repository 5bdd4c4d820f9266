"""A headless Chromium with the operator's page, driven as an operator does: by keys and pointer."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edgesr_ros.errors import InputError
from edgesr_ros.live.browser import check_browser, start_browser

TIMEOUT = 60.0  # seconds; only a failing test waits so long
_KEYS = {"Tab": 9, "Enter": 13, " ": 32, "ArrowRight": 39}


class Browser:
    """One page of the browser.

    Attributes:
        idle: called while something is waited for.
    """

    idle: Callable[[], None] = staticmethod(lambda: time.sleep(0.02))

    def __init__(self, profile: Path, downloads: Path) -> None:
        try:
            check_browser("what a browser makes of the page")
        except InputError as error:
            pytest.skip(str(error))
        self._driver = start_browser(profile, logs=("browser", "performance"))
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
