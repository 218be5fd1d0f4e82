"""Reports sent to a running installation through its real doors, and where they ended up."""

from __future__ import annotations

import base64
import io
import time
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from PIL import Image

from casework.reports.management.demo_doors import Server, Upload, file_by_api
from casework.reports.management.demo_pictures import photo

if TYPE_CHECKING:
    from tests.running import RunningInstallation

MAKE_KEY = """
from casework.accounts.models import User
from casework.reports.actions import create_api_key
ada = User.objects.get(email="ada@demo.test")
print("secret", create_api_key(actor=ada, name="Browser", organisation="Browser")[1])
"""
READ_BLOBS = """
import base64, json
from casework.evidence.models import Item
from casework.evidence.sealing import open_blob
item = Item.objects.select_related("rendition__wrap", "preview__wrap").get(case__public_id="{case}", position=1)
print("blobs", *(base64.b64encode(open_blob(blob)).decode() for blob in (item.rendition, item.preview)))
"""


@dataclass(frozen=True)
class Sent:
    """A report and its case. ``pictures`` are the bytes that were sent, in order."""

    reference: str
    access_code: str
    case: str
    number: str
    pictures: tuple[bytes, ...]

    @property
    def page(self) -> str:
        return f"/cases/{self.case}/"


class Sender:
    """An API client with a key of its own."""

    def __init__(self, installation: RunningInstallation) -> None:
        self.installation = installation
        self._server = Server(installation.port)
        made = installation.manage("shell", "-c", MAKE_KEY).stdout
        self._key = next(line.split()[1] for line in made.splitlines() if line.startswith("secret"))

    def send(self, *uploads: Upload, **fields: Any) -> Sent:
        """File a report; by default links only, of an adult, reported by somebody else."""
        fields = {"role": "somebody_else", "links": [f"https://pictures.example/{uuid.uuid4()}"]} | fields
        said = file_by_api(self._server, self._key, fields, list(uploads), str(uuid.uuid4()))
        case, number = case_of(self.installation, said["reference"])
        return Sent(
            said["reference"], said["access_code"], case, number, tuple(each.data for each in uploads)
        )

    def send_photo(self, **fields: Any) -> Sent:
        """A report with one photograph, examined: its preview and rendition exist."""
        sent = self.send(a_photo(self.installation), **fields)
        wait_until_examined(self.installation, sent.case)
        return sent


def a_photo(installation: RunningInstallation) -> Upload:
    """A photograph of a cup as a camera would have written it, with camera data, and like no other by its digest."""
    original = Image.open(io.BytesIO(photo(installation.home / "demo", "coffee.png").data)).convert("RGB")
    original.putpixel((0, 0), tuple(uuid.uuid4().bytes[:3]))
    exif = Image.Exif()
    exif[0x010F] = "Casework Test Camera"
    exif[0x010E] = uuid.uuid4().hex
    out = io.BytesIO()
    original.save(out, "JPEG", quality=92, exif=exif)
    return Upload("cup.jpg", out.getvalue(), "image/jpeg")


def case_of(installation: RunningInstallation, reference: str) -> tuple[str, str]:
    """Public id and number of the case that a report opened."""
    [(case, key)] = installation.psql(
        "SELECT c.public_id, c.id FROM cases_case c JOIN reports_report r ON r.case_id = c.id WHERE r.reference = %s",
        reference.replace("-", ""),
    )
    return str(case), f"CW-{1000 + key}"


def wait_until_examined(installation: RunningInstallation, case: str) -> None:
    """Wait until a worker has examined every file of the case."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        [(waiting,)] = installation.psql("SELECT items_unexamined FROM cases_case WHERE public_id = %s", case)
        if waiting == 0:
            return
        time.sleep(0.2)
    raise AssertionError(f"the files of case {case} were not examined within a minute")


def make_most_urgent(installation: RunningInstallation, case: str) -> None:
    """As if the report had come 47 hours ago: an hour is left."""
    installation.psql(
        "UPDATE cases_clock SET started_at = now() - interval '47 hours', due_at = now() + interval '59 minutes' "
        "WHERE case_id = (SELECT id FROM cases_case WHERE public_id = %s)",
        case,
    )


def looks_at(installation: RunningInstallation, case: str) -> tuple[int, int]:
    """How many reveals of the case's items there are, and how many log entries of reveals."""
    [(rows,)] = installation.psql(
        "SELECT count(*) FROM evidence_reveal r JOIN evidence_item i ON i.id = r.item_id "
        "JOIN cases_case c ON c.id = i.case_id WHERE c.public_id = %s",
        case,
    )
    [(entries,)] = installation.psql(
        "SELECT count(*) FROM audit_entry WHERE verb = 'evidence.revealed' AND case_id = %s", case
    )
    return int(rows), int(entries)


def blobs_of(installation: RunningInstallation, case: str) -> tuple[bytes, bytes]:
    """Rendition and preview of the case's first item, opened with the view key."""
    printed = installation.manage("shell", "-c", READ_BLOBS.format(case=case)).stdout
    line = next(line for line in printed.splitlines() if line.startswith("blobs"))
    rendition, preview = (base64.b64decode(part) for part in line.split()[1:])
    return rendition, preview
