"""Write ``nudenet.json``: what the NudeNet package's own code, unmodified, says of some pictures and made-up answers.

``make reference-scores``. The wheel runs in a throw-away environment with OpenCV, which it needs. It is handed pictures
as arrays in RGB order: its own reader swaps the channels of what OpenCV reads twice, so that files given by name reach
the model in the wrong order (notAI-tech/NudeNet, issue 203); given RGB, its own two swaps end right.
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
from tests.detection.reference.make_scores import pictures  # noqa: E402

ANSWERS = Path(__file__).with_name("nudenet.json")

RUNNER = """
import importlib.util, json, sys
import cv2, numpy, onnxruntime, PIL.Image
from nudenet import NudeDetector, nudenet
asked = json.load(sys.stdin)
spec = importlib.util.spec_from_file_location("answers", asked["answers"])
answers = importlib.util.module_from_spec(spec)
spec.loader.exec_module(answers)
detector = NudeDetector()
def told(found):
    return [[one["class"], round(one["score"], 6), *one["box"]] for one in found]
pictures = {}
for name in asked["pictures"]:
    with PIL.Image.open(name) as opened:
        rgb = numpy.array(opened.convert("RGB"))
    pictures[name] = {"size": [rgb.shape[1], rgb.shape[0]], "found": told(detector.detect(rgb))}
decoded = {}
for seed in answers.SEEDS:
    made, (width, height) = answers.made_up(seed)
    side = max(width, height)
    found = nudenet._postprocess(
        made, side - width, side - height, side / width, side / height, width, height, answers.SIDE, answers.SIDE
    )
    decoded[seed] = told(found)
versions = {"opencv": cv2.__version__, "numpy": numpy.__version__, "onnxruntime": onnxruntime.__version__}
json.dump({"versions": versions, "pictures": pictures, "decoded": decoded}, sys.stdout)
"""


def make_environment(at: Path) -> Path:
    """A fresh environment with the wheel as it is; the path of its Python."""
    source = read_cards()["nudenet"].source
    venv.create(at, with_pip=True)
    python = at / "bin" / "python"
    pinned = at / "wheel.txt"
    pinned.write_text(f"{source.requirement} --hash=sha256:{source.wheels['any']}\n", encoding="utf-8")
    used = [f"{name}=={version(name)}" for name in ("pillow", "onnxruntime", "numpy")]
    pip = [str(python), "-m", "pip", "install", "--quiet", "--only-binary", ":all:"]
    subprocess.run([*pip, "opencv-python-headless", *used], check=True)
    subprocess.run([*pip, "--no-deps", "--require-hashes", "-r", str(pinned)], check=True)
    return python


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="casework-reference-") as name:
        scratch = Path(name)
        named = {path: said for path, said in pictures(scratch).items() if not said.startswith("pdq/")}
        asked = {"pictures": [str(path) for path in named], "answers": str(ANSWERS.with_name("answers.py"))}
        answer = subprocess.run(
            [str(make_environment(scratch / "environment")), "-c", RUNNER],
            input=json.dumps(asked),
            stdout=subprocess.PIPE,
            text=True,
            check=True,
            cwd=scratch,
        )
    said = json.loads(answer.stdout)
    said["runner"] = read_cards()["nudenet"].source.requirement
    said["pictures"] = {named[Path(path)]: one for path, one in said["pictures"].items() if one["found"]}
    said["asked"] = sorted(named.values())
    ANSWERS.write_text(json.dumps(said, indent=None, sort_keys=True) + "\n", encoding="utf-8")
    print(f"{len(named)} pictures and {len(said['decoded'])} made-up answers written to {ANSWERS}")


if __name__ == "__main__":
    main()
