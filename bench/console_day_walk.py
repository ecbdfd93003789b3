"""A day of one analyst, an approver and an admin in a real browser, step by step, and what is noticed on the way.

bench/console_day.py serves the console and says what came of it.
"""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page

from stillwatch.audit import Outcome, Recorded, Served, Timeline, carry_out, draw_up
from stillwatch.cases import Case, make_key, propose, read_signer, sealed_exhibit
from stillwatch.console import House
from stillwatch.engine import Workspace
from stillwatch.pipeline import audit_exhibit

PASSWORD = "correct horse battery"
"""Everybody's."""

WIDTH, HEIGHT = 1360, 850


class Day:
    """What happens in a day, and what is noticed on the way."""

    def __init__(self, browser: Browser, base: str, workspace: Path, axe: str, out: Path) -> None:
        self.browser, self.base, self.workspace, self.axe, self.out = browser, base, workspace, axe, out
        self.clicks = self.fields = 0
        self.asked: list[str] = []
        self.serious: list[str] = []
        self.minor: list[str] = []
        self.errors: list[str] = []
        self.elsewhere: list[str] = []
        self.answers: dict[str, dict[str, str]] = {}
        self.version = ""

    def walked(self) -> dict[str, Any]:
        """Everything, in order."""
        mary, joe = self.person("mary"), self.person("joe")
        case = self.decided(mary)
        self.exhibited(case, mary)
        exported = self.exported(case, mary, joe)
        self.looked_closer(mary, joe)
        joined = self.joined(mary)
        self.told_elsewhere(self.person("adm"))
        for scheme in ("light", "dark"):
            self.accessible(scheme, case, joined)
        return {
            "clicks": self.clicks,
            "fields": self.fields,
            "exported": exported,
            "axe": self.version,
            "asked": self.asked,
            "serious": sorted(set(self.serious)),
            "minor": sorted(set(self.minor)),
            "errors": self.errors,
            "elsewhere": self.elsewhere,
            "answers": len(self.answers),
            "faults": self.baseline(),
        }

    def person(self, name: str, scheme: Any = "light") -> Page:
        """Somebody who is logged in."""
        page = self.stranger(scheme)
        page.goto(self.base + "/login")
        page.fill("#name", name)
        page.fill("#password", PASSWORD)
        page.keyboard.press("Enter")
        page.wait_for_url(lambda url: "login" not in url)
        return page

    def stranger(self, scheme: Any) -> Page:
        """Somebody in front of the door."""
        size: Any = {"width": WIDTH, "height": HEIGHT}
        page = self.browser.new_context(viewport=size, color_scheme=scheme, bypass_csp=False).new_page()
        page.set_default_timeout(240_000)
        page.on("console", lambda m: self.errors.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda e: self.errors.append(str(e)))
        page.on("request", lambda r: None if r.url.startswith((self.base, "data:")) else self.elsewhere.append(r.url))
        page.on("response", lambda r: self.answers.setdefault(r.url.removeprefix(self.base), r.headers))
        return page

    def click(self, page: Page, what: str) -> None:
        """One click that counts."""
        self.clicks += 1
        page.locator(what).first.click()

    def write(self, page: Page, where: str, text: str) -> None:
        """One field that counts."""
        self.fields += 1
        page.fill(where, text)

    def picture(self, page: Page, name: str, part: str = "") -> None:
        """A picture for the docs: of the page as it is, or once a part of it is at the top."""
        if part:
            page.locator(part).evaluate("one => one.scrollIntoView()")
        page.screenshot(path=self.out / f"{name}.png")

    def decided(self, mary: Page) -> str:
        """From the first page to a decision, as few clicks as it takes; two people are counted together."""
        self.picture(mary, "today")
        self.click(mary, "nav >> text=Findings")
        self.picture(mary, "findings")
        self.click(mary, "table.queue tbody tr:nth-child(2) th a")
        mary.wait_for_url("**/actors/**")
        self.picture(mary, "actor")
        self.click(mary, "button:has-text('Open a case')")
        mary.wait_for_url("**/cases/**")
        case = mary.url.split("?")[0]
        self.click(mary, "label:has-text('block')")
        self.clicks += 1
        mary.select_option("#reason", "coordinated_accounts")
        self.write(
            mary, "#note", "Accounts share a template and instruments; no innocent explanation that was tried fits."
        )
        self.picture(mary, "case")
        self.click(mary, "button:text-is('Decide')")
        mary.wait_for_url("**done=waits**")
        joe = self.person("joe")
        self.click(joe, "main >> a[href^='/cases/C-']")
        self.write(joe, "#appr", "Read the tests and what speaks against them; looked at twelve members.")
        self.click(joe, "button:text-is('Approve')")
        joe.wait_for_url("**done=approved**")
        return case

    def exhibited(self, case: str, mary: Page) -> None:
        """What an auditor found is put into the case by its file, as it was signed."""
        desk = House(Workspace(self.workspace, make=False)).desk
        found = desk.case(case.rsplit("/", 1)[1])
        auditor = self.workspace / "keys" / "auditors"
        auditor.mkdir()
        make_key(auditor / "ann.pem")
        path = self.out / "exhibit.json"
        signers = [read_signer(auditor / "ann.pem")]
        path.write_bytes(sealed_exhibit(audit_exhibit(audited(found)), signers, at="2026-11-20T09:00:00Z"))
        (auditor / "ann.pem").unlink()
        mary.goto(case)
        mary.click("text=Put an exhibit in")
        mary.set_input_files("#exh-file", path)
        mary.wait_for_function("document.getElementById('exh-text').value.length > 100")
        mary.fill("#exh-why", "counsel asked whether student-1 learned from these accounts")
        mary.click("button:has-text('Check it, and put it in')")
        mary.wait_for_url("**done=exhibited**")
        self.picture(mary, "exhibit", "#exhibits")

    def joined(self, mary: Page) -> str:
        """A merger that the pipeline proposed is followed by one click, undone by another, and proposed to another case; that case."""
        cases = []
        for place in (1, 3):
            mary.goto(self.base + "/findings?decision=any")
            mary.locator(f"table.queue tbody tr:nth-child({place}) th a").click()
            mary.wait_for_load_state()
            mary.click("button:has-text('Open a case')")
            mary.wait_for_url("**/cases/**")
            cases.append(mary.url.split("?")[0].rsplit("/", 1)[1])
        one, two = cases
        desk = House(Workspace(self.workspace, make=False)).desk
        about, other = desk.case(one).handle, desk.case(two).handle
        why = f"the pipeline saw {other} become part of {about}: merge {two} into this case"
        propose(desk, one, step="merge", about=other, by="stillwatch", why=why, other=two)
        mary.goto(f"{self.base}/cases/{one}")
        self.picture(mary, "proposal")
        mary.click("button:text-is('Merge them')")
        mary.wait_for_url("**done=merged**")
        mary.click("text=Undo the last merger")
        mary.fill("#und-why", "they share a reseller, no more")
        mary.click("button:text-is('Undo it')")
        mary.wait_for_url("**done=unmerged**")
        gone = desk.case(two).members[:2]
        why = f"the pipeline saw {about} split from {other}: split off its {len(gone)} members of this case"
        propose(desk, two, step="split", about=about, by="stillwatch", why=why, members=gone)
        return f"/cases/{two}"

    def told_elsewhere(self, adm: Page) -> None:
        """A webhook is set up and tested, which reaches nobody from here; what the page says of it."""
        adm.goto(self.base + "/webhooks")
        adm.fill("#name", "soc")
        adm.fill("#url", "https://93.184.216.34/stillwatch")
        adm.fill("#note", "the security desk asked")
        adm.click("button:text-is('Set it up')")
        adm.wait_for_load_state()
        self.picture(adm, "webhooks")

    def exported(self, case: str, mary: Page, joe: Page) -> str:
        """Sealed, checked on the page, asked for by one, let go by another, and verified from the file alone."""
        mary.goto(case)
        self.picture(mary, "impact", "#impact")
        mary.fill("#print-why", "for the board")
        with mary.expect_download() as printed:
            mary.click("button:text-is('Print')")
        printed.value.save_as(self.out / "case.pdf")
        mary.click("#bys-h ~ p a")
        mary.fill("#look-why", "relayed traffic")
        mary.click("button:text-is('Look')")
        mary.wait_for_url("**done=looked**")
        mary.goto(case)
        mary.click("text=Seal the case as it stands")
        mary.fill("#seal-why", "for counsel")
        mary.click("button:text-is('Seal')")
        mary.wait_for_load_state()
        mary.click("#files a:has-text('Check')")
        mary.wait_for_selector("text=Every byte is as it was sealed")
        mary.goto(case)
        mary.click("text=Ask to let a file leave the house")
        mary.fill("#exp-to", "Counsel")
        mary.fill("#exp-why", "a proceeding")
        mary.click("button:text-is('Ask')")
        mary.wait_for_url("**done=asked**")
        joe.goto(case + "#files")
        joe.fill("#files .told input[name=note]", "the recipient is who they say")
        with joe.expect_download() as download:
            joe.click("button:has-text('Let it go')")
        path = self.out / "exported.tar"
        download.value.save_as(path)
        words = ["-c", "from stillwatch.cli import main; main()", "case", "verify", str(path)]
        for key in ("collector.pub.pem", "auditors/ann.pub.pem"):
            words += ["--public-key", str(self.workspace / "keys" / key)]
        done = subprocess.run([sys.executable, *words], capture_output=True, text=True, check=False)
        return "yes" if done.returncode == 0 else f"no: {done.stderr}"

    def looked_closer(self, mary: Page, joe: Page) -> None:
        """Links, keys, labels, a text with a reason, a sample, a query, a seed, the journal."""
        mary.goto(self.base + "/")
        for key in ("g", "f"):
            mary.keyboard.press(key)
        mary.wait_for_url("**/findings")
        for key in ("j", "j", "j", "Enter"):
            mary.keyboard.press(key)
        mary.wait_for_url("**/actors/**")
        actor = mary.url
        mary.locator("#links svg a").first.focus()
        mary.keyboard.press("Enter")
        mary.wait_for_url("**thing=**")
        self.picture(mary, "links")
        mary.goto(actor)
        mary.click("label:has-text('True')")
        mary.fill("#label-why", "templates and instruments are shared")
        mary.click("button:text-is('Record it')")
        mary.wait_for_url("**done=labelled**")
        mary.locator("table.members tbody a").first.click()
        mary.wait_for_url("**/accounts/**")
        self.picture(mary, "account")
        mary.click("a:text-is('Its exchanges')")
        mary.locator("input[name=exchange]").first.check()
        mary.fill("#why", "to see whether the template is a public harness")
        mary.click("button:has-text('Open the chosen')")
        mary.wait_for_url("**/opened/**")
        mary.goto(self.base + "/sample")
        mary.fill("#n", "5")
        mary.click("button:has-text('Draw a sample')")
        mary.wait_for_url("**done=drawn**")
        mary.goto(self.base + "/sql")
        mary.click("button:text-is('Run')")
        mary.wait_for_selector("text=rows")
        mary.goto(self.base + "/calibration")
        self.picture(mary, "calibration")
        joe.goto(self.base + "/journal")
        joe.wait_for_selector("text=the chain is whole")
        self.picture(joe, "journal")

    def accessible(self, scheme: str, case: str, joined: str) -> None:
        """Ask axe about every page."""
        mary, joe, adm = (self.person(name, scheme) for name in ("mary", "joe", "adm"))
        mary.goto(self.base + "/findings")
        actor = mary.locator("table.queue tbody a").first.get_attribute("href") or ""
        mary.goto(self.base + actor)
        account = mary.locator("table.members tbody a").first.get_attribute("href") or ""
        ways = [
            "/",
            "/findings",
            "/findings?decision=any",
            actor,
            account,
            f"{account}/exchanges",
            "/cases",
            "/calibration",
            "/sample",
        ]
        ways += [
            "/said",
            "/purposes",
            joined,
            "/search?q=reasoning",
            "/sql",
            "/expand",
            "/replay",
            "/inbox",
            "/me",
            "/help",
            case.removeprefix(self.base),
            f"{case.removeprefix(self.base)}/bystanders",
        ]
        thing = f"{actor}?thing=" + "payment:0"
        nobody = self.stranger(scheme)
        others = [(joe, "/journal"), (joe, "/"), (adm, "/people"), (adm, "/webhooks"), (nobody, "/login")]
        for page, path in [(mary, way) for way in (*ways, thing)] + others:
            page.goto(self.base + path)
            page.evaluate("[...document.querySelectorAll('main details')].slice(0, 12).forEach(d => { d.open = true })")
            page.evaluate(self.axe)
            told = page.evaluate("axe.run({resultTypes: ['violations']})")
            self.version = told["testEngine"]["version"]
            self.asked.append(f"{scheme} {path.split('/')[1].split('?')[0] or 'today'}")
            for one in told["violations"]:
                where = f"{scheme} {path.split('?')[0]}: {one['id']} ({one['impact']}), {one['nodes'][0]['target']}"
                (self.serious if one["impact"] in ("serious", "critical") else self.minor).append(where)
        if scheme == "dark":
            mary.goto(self.base + actor)
            self.picture(mary, "dark")

    def baseline(self) -> list[str]:
        """What a scanner would say of the answers' headers and of what strangers are told."""
        faults = []
        wanted = ("content-security-policy", "x-content-type-options", "x-frame-options", "referrer-policy")
        for path, headers in self.answers.items():
            faults += [f"{path}: no {name}" for name in wanted if name not in headers]
            policy = headers.get("content-security-policy", "")
            faults += [f"{path}: {word} in the policy" for word in ("unsafe", "*", "http:") if word in policy]
            if not path.startswith("/static") and "no-store" not in headers.get("cache-control", ""):
                faults.append(f"{path}: may be kept by a cache")
            faults += [f"{path}: says {name}" for name in ("server", "x-powered-by") if headers.get(name)]
        for path in (
            "/.git/config",
            "/static/../app.py",
            "/static/%2e%2e/app.py",
            "/admin",
            "/desk/console.sqlite",
            "/keys",
        ):
            try:
                with urllib.request.urlopen(self.base + path) as answer:
                    faults.append(f"{path}: answered {answer.status}")
            except urllib.error.HTTPError as error:
                if error.code not in (400, 404):
                    faults.append(f"{path}: answered {error.code}")
        return faults


def audited(case: Case) -> Outcome:
    """The outcome of an audit with known truth: a student that says again what was served to the first two of four members of a case."""
    members, days = [one.handle for one in case.members], case.openings[0]
    if days.first_seen is None or days.last_seen is None:
        raise SystemExit("the case of the day knows no days")
    items = tuple(
        Served(item=f"{one}-{n}", account=one, prompt=f"{one} {n}", response=f"answer {n}", siblings=(f"other {n}",))
        for one in members[:4]
        for n in range(24)
    )
    learned = set(members[:2])
    says = {one.prompt: one.candidates[0 if one.account in learned else n % 2] for n, one in enumerate(items)}
    suspect = Recorded(name="student-1", answers=says, likelihoods={})
    begun, ended = days.first_seen.date(), days.last_seen.date()
    dates = Timeline(harvest_begun=begun, harvest_ended=ended, released=ended + dt.timedelta(days=60))
    return carry_out(draw_up(items, suspect="student-1", timeline=dates), items, suspect)
