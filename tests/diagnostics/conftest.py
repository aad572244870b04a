"""A real browser, where there is one."""

import shutil

import pytest

CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "chrome")


@pytest.fixture(scope="session")
def chromium():
    """Playwright's handle of the system's Chromium, headless."""
    path = next((p for p in map(shutil.which, CHROMIUM) if p), None)
    if path is None:
        pytest.skip("there is no Chromium on this system to open the page in")
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path, args=["--no-sandbox"]
        )
        yield browser
        browser.close()


@pytest.fixture
def open_page(chromium, tmp_path):
    """Open HTML from disk; whatever it logs or asks of a network is an error."""
    contexts = []

    def open_page(html, width=1600, height=1000, scheme="light"):
        path = tmp_path / "page.html"
        path.write_text(html, encoding="utf8")
        context = chromium.new_context(
            viewport={"width": width, "height": height}, color_scheme=scheme
        )
        context.set_default_timeout(120_000)
        contexts.append(context)
        page = context.new_page()
        page.problems = []
        page.on("console", lambda message: page.problems.append(message.text))
        page.on("pageerror", lambda error: page.problems.append(str(error)))
        page.on(
            "request",
            lambda request: (
                request.url.startswith("file:") or page.problems.append(request.url)
            ),
        )
        page.goto(path.as_uri())
        return page

    yield open_page
    for context in contexts:
        context.close()
