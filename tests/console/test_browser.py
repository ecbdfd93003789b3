"""A case is decided in a real browser, by keys and clicks; the whole day is walked by bench/console_day.py."""

from __future__ import annotations

import shutil
import socket
import threading
import time

import pytest
import uvicorn

from stillwatch.cases import State
from stillwatch.console import House, build

from .browser import PASSWORD

sync_api = pytest.importorskip(
    "playwright.sync_api", reason="Playwright is not installed; bench/console_day.py says how"
)
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")
def test_a_case_is_opened_and_decided_in_a_real_browser_without_a_word_in_its_console(house: House) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = uvicorn.Server(uvicorn.Config(build(house), host="127.0.0.1", port=port, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    base = f"http://127.0.0.1:{port}"
    while not server.started:
        time.sleep(0.05)
    said: list[str] = []
    with sync_api.sync_playwright() as play:
        chromium = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = chromium.new_page()
        page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
        page.goto(f"{base}/login")
        page.fill("#name", "analyst")
        page.fill("#password", PASSWORD)
        page.keyboard.press("Enter")
        page.wait_for_url(f"{base}/")
        for key in ("g", "f"):
            page.keyboard.press(key)
        page.wait_for_url("**/findings")
        for key in ("j", "Enter"):
            page.keyboard.press(key)
        page.wait_for_url("**/actors/**")
        page.keyboard.press("o")
        page.wait_for_url("**/cases/**")
        page.click("label:has-text('throttle')")
        assert page.locator("#reason option[value=innocent_explanation]").is_disabled()
        page.select_option("#reason", "harvest_at_scale")
        page.fill("#note", "asked for worked answers at scale")
        page.click("button:text-is('Decide')")
        page.wait_for_url("**done=decided**")
        chromium.close()
    server.should_exit = True
    thread.join(timeout=20)
    assert said == []
    assert [case.state for case in house.desk.cases().values()] == [State.DECIDED]
