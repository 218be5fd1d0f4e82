"""The pictures of the README's tour, taken from a fresh demo installation: `make screenshots`.

They are of the real thing: its supervisor, its worker, its demo reports. Each is stored with at most 256 colours.
"""

from __future__ import annotations

import io
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import django
from PIL import Image

from tests.running import RunningInstallation, free_port

if TYPE_CHECKING:
    from playwright.sync_api import Page

TOUR = Path(__file__).resolve().parent.parent / "docs" / "tour"
WIDE, PHONE = (1440, 900), (390, 844)
#: For parts of a page that are longer than a screen: nothing that sticks to its edges lies over them.
TALL = (1440, 2600)
MOST_BYTES = 180_000
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")


def main() -> int:
    """Take every picture; 1 when there is no Chromium or a picture is too heavy."""
    chromium = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if chromium is None:
        sys.stderr.write("No Chromium was found: install it, or take the pictures elsewhere.\n")
        return 1
    TOUR.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        RunningInstallation(Path(folder) / "home", free_port()) as running,
    ):
        running.start()
        # The walk borrows words and addresses from the application, whose settings read the keys of this home.
        os.environ |= {"CASEWORK_HOME": str(running.home), "DJANGO_SETTINGS_MODULE": "casework.settings"}
        django.setup()
        wait_until_all_is_examined(running)
        take_the_tour(running, chromium)
    heavy = [picture.name for picture in TOUR.glob("*.png") if picture.stat().st_size > MOST_BYTES]
    if heavy:
        sys.stderr.write(f"More than {MOST_BYTES} bytes: {', '.join(heavy)}\n")
    return 1 if heavy else 0


def wait_until_all_is_examined(running: RunningInstallation) -> None:
    """The tour shows scores, so the worker has to be done."""
    from tests.browser.sending import wait_until_examined

    for (case,) in running.psql("SELECT public_id FROM cases_case WHERE items_unexamined > 0"):
        wait_until_examined(running, str(case))


def take_the_tour(running: RunningInstallation, chromium: str) -> None:
    """Walk through the installation as a reporter, as mona and as lena, and take a picture at each place."""
    from playwright.sync_api import sync_playwright

    from tests.browser.people import People

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        people = People(browser, running.base_url)

        def page_of(who: str | None, *, size: tuple[int, int] = WIDE, scheme: str = "light") -> Page:
            viewport = {"width": size[0], "height": size[1]}
            profile = people.profile(who, viewport=viewport, color_scheme=scheme, reduced_motion="reduce")
            return profile.new_page()

        the_reporter(page_of)
        shown = the_desk(page_of, case_address(running, "flagged-one"), case_address(running, "painting"))
        the_traces_in_pixels(page_of, a_spliced_report(running))
        the_leak(page_of, shown)
        the_way_out(page_of)
        the_log(page_of, case_address(running, "harbour"))
        browser.close()


PageOf = Callable[..., "Page"]


def the_way_out(page_of: PageOf) -> None:
    """What would leave with Mona's draft as Lena reads it; what left, as Nia of the partner finds it."""
    page = page_of("lena")
    page.goto("/escalations/?show=approve")
    page.locator("main a[href*='/escalations/']", has_text="ES-").first.click()
    page.get_by_role("link", name="What leaves").click()
    page.wait_for_url("**/preview/")
    keep(page, "what-leaves")
    page = page_of("nia", size=(1440, 1100))
    page.goto("/portal/")
    page.locator("main a[href*='/portal/']", has_text="ES-").first.click()
    page.wait_for_selector("#package-sha256")
    keep(page, "portal")


def the_reporter(page_of: PageOf) -> None:
    """A page of the form, the receipt, the status page; one of them on a phone."""
    for name, size in (("form", WIDE), ("form-phone", PHONE)):
        page = page_of(None, size=size)
        page.goto("/report/")
        page.locator("main button.is-primary").click()
        page.get_by_label("I am the person shown", exact=True).check()
        keep(page, name)
    page = page_of(None)
    reference, code = file_a_report(page)
    keep(page, "receipt")
    page.goto("/status/")
    page.fill("[name=reference]", reference)
    page.fill("[name=access_code], [name=code]", code)
    page.locator("main button.is-primary").click()
    page.wait_for_url("**/status/page/")
    keep(page, "status")


def file_a_report(page: Page) -> tuple[str, str]:
    """The public form from its first page to the receipt."""
    from tests.browser.test_whole_way import report_as_the_person_shown

    return report_as_the_person_shown(page, "https://pictures.example/tour")


def the_desk(page_of: PageOf, urgent: str, painting: str) -> bytes:
    """The queue and a case in light, dark and on a phone; a look; a decision before it is sent.

    Gives the picture of the look as the browser got it.
    """
    for name, size, scheme in (
        ("queue", WIDE, "light"),
        ("queue-dark", WIDE, "dark"),
        ("queue-phone", PHONE, "light"),
    ):
        page = page_of("mona", size=size, scheme=scheme)
        page.goto("/queue/")
        keep(page, name)
    page = page_of("mona", scheme="dark")
    open_case(page, painting)
    keep(page, "case-dark")
    page = page_of("mona")
    open_case(page, urgent)
    keep(page, "case")
    tall = page_of("mona", size=TALL)
    open_case(tall, urgent)
    unfold(tall, "Known pictures", "What the file says of itself")
    tall.locator(".signal-group[open] .signal-fold > summary").first.click()
    keep_part(tall, "signals", "#evidence-signals")
    page.keyboard.press("c")
    page.wait_for_selector("text=Under review by you")
    page.wait_for_selector("#evidence-panel .stage-preview")
    shown = look(page)
    decide(page)
    return shown


def open_case(page: Page, address: str) -> None:
    page.goto(address)
    page.wait_for_selector("#evidence-panel .stage-preview")


def look(page: Page) -> bytes:
    """A revealed picture, which in the demo is a drawn pattern; the bytes that were served."""
    from tests.browser.people import SHOWN, wait_for_picture

    page.keyboard.press("r")
    with page.expect_response(lambda answer: "/image/" in answer.url) as served:
        page.keyboard.press("1")
    wait_for_picture(page)
    keep(page, "reveal")
    shown = served.value.body()
    page.keyboard.press("Escape")
    page.wait_for_selector(SHOWN, state="detached")
    page.wait_for_selector("#evidence-panel [data-stage-looked]")
    return shown


def a_spliced_report(running: RunningInstallation) -> str:
    """The address of a case whose photograph of a cup had a piece of a cat pasted in, after it was saved once."""
    from casework.reports.management.demo_doors import Upload
    from tests.browser.sending import Sender, wait_until_examined
    from tests.detection.manipulations import into_saved_before, jpeg_bytes

    cup, cat = (
        Image.open(running.home / "demo" / f"{name}.png").convert("RGB") for name in ("coffee", "chelsea")
    )
    spliced = into_saved_before(cup, cat.resize(cup.size), 4)
    sent = Sender(running).send(Upload("cup.jpg", jpeg_bytes(spliced.image, 95), "image/jpeg"))
    wait_until_examined(running, sent.case)
    return sent.page


def the_traces_in_pixels(page_of: PageOf, spliced: str) -> None:
    """Leads with their heat maps, and the assessment above them."""
    page = page_of("mona", size=TALL)
    open_case(page, spliced)
    unfold(page, "Traces in the pixels")
    for row in page.locator(".signal-group[open] .signal.is-found .signal-fold > summary").all():
        row.click()
    keep_part(page, "traces-in-pixels", "#evidence-signals")


def the_leak(page_of: PageOf, shown: bytes) -> None:
    """What was shown to mona turns up cropped, smaller and saved again; lena finds out where it comes from."""
    with Image.open(io.BytesIO(shown)) as picture:
        width, height = picture.size
        part = picture.crop((width // 10, height // 8, width - width // 20, height - height // 12))
        out = io.BytesIO()
        part.resize((round(part.width * 0.7), round(part.height * 0.7))).save(out, "JPEG", quality=60)
    page = page_of("lena")
    page.goto("/evidence/traces/")
    page.set_input_files("#id_copy", {"name": "copy.jpg", "mimeType": "image/jpeg", "buffer": out.getvalue()})
    page.locator("main button.is-primary").click()
    page.wait_for_selector("text=This was shown to Mona", timeout=60_000)
    keep(page, "trace")


def unfold(page: Page, *titles: str) -> None:
    """Open the groups of signals with these titles."""
    for title in titles:
        page.locator(".signal-group > summary", has_text=title).click()


def decide(page: Page) -> None:
    page.keyboard.press("1")
    page.locator("[name=bases]").first.check()
    page.fill("[name=grounds]", "The hotline's statement, five places, and a generator's mark in the file.")
    page.fill(
        "[name=statement]", "What was reported breaks our rules on intimate imagery. It is to be removed."
    )
    page.wait_for_load_state("networkidle")
    keep(page, "decide")


def the_log(page_of: PageOf, decided: str) -> None:
    """The story of one case, and one entry with its proof."""
    page = page_of("lena")
    page.goto(decided)
    number = page.locator("h1").first.inner_text()
    page.goto(f"/log/?case={number}")
    keep(page, "log")
    page.locator("#audit-lines tbody a", has_text="decided").first.click()
    page.get_by_text("it leads to the").wait_for()
    keep(page, "entry")


def case_address(running: RunningInstallation, slug: str) -> str:
    """The address of the demo case whose first link ends in *slug*."""
    script = (
        "from casework.staff.management.commands.demo import REPORTS, _case_of\n"
        f"print('case', _case_of(next(r for r in REPORTS if r.slug == '{slug}')).public_id)"
    )
    printed = running.manage("shell", "-c", script).stdout
    public_id = next(line.split()[1] for line in printed.splitlines() if line.startswith("case "))
    return f"/cases/{public_id}/"


def keep(page: Page, name: str) -> None:
    """Take a picture of what the window shows and store it small."""
    page.wait_for_load_state("networkidle")
    page.screenshot(path=str(TOUR / f"{name}.png"))
    lighten(TOUR / f"{name}.png")


def keep_part(page: Page, name: str, selector: str) -> None:
    """Take a picture of one part of the page and store it small."""
    page.mouse.move(0, 0)
    page.wait_for_load_state("networkidle")
    page.locator(selector).screenshot(path=str(TOUR / f"{name}.png"))
    lighten(TOUR / f"{name}.png")


def lighten(path: Path) -> None:
    """At most 256 colours, chosen for this picture; screens of text lose nothing by it."""
    with Image.open(path) as opened:
        few = opened.convert("RGB").quantize(256, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    out = io.BytesIO()
    few.save(out, "PNG", optimize=True)
    path.write_bytes(out.getvalue())
    sys.stdout.write(f"{path.name}: {len(out.getvalue())} bytes\n")


if __name__ == "__main__":
    sys.exit(main())
