"""Error-level analysis: how much one more JPEG saving would change each region (Krawetz, "A picture's worth", 2007).

The change is worked out on the coefficients, without saving: the squared distance of each to the nearest multiple of
the step that quality 90 has for it. What brightness and texture explain is taken out, because they explain nearly all
of it; the classical picture of error levels shows edges, and people have read manipulation into them. What is left is
compared between regions of 4 x 4 cells.

Cannot see: a region of the same texture and history as the rest; copies within the picture (hardly better than
chance); most things after a last saving at 85 or worse. Takes for a region: lettering, drawings, smooth skies, a
background out of focus. ``NEEDED`` lets through 4 of the 107 pictures of docs/forensics.md, none of which is known to
be manipulated.
"""

from __future__ import annotations

import numpy as np

from detection.findings import Signal
from detection.forensics import leads, regions, tables
from detection.forensics.blocks import LOW, MIDDLE, Floats
from detection.forensics.leads import Answer
from detection.forensics.tiles import Tiles

NAME = "ela"
VERSION = "ela 1"
NEEDED = 4.3
"""Usual spreads between a region's mean and the median region's."""

_QUALITY = 90
_STEPS = np.array(tables.standard(_QUALITY), dtype=np.float32)
_FLOOR = 0.02
_DARK, _FULL = 1.2, 3.5


def signal(tiles: Tiles, coefficients: Floats, texture: Floats) -> Signal:
    """The ``ela`` signal from the coefficients and what ``blocks.texture`` says of them."""
    multiples = coefficients / _STEPS
    multiples -= np.rint(multiples)
    multiples *= _STEPS
    multiples[..., 0] = 0  # the mean is brightness, which is no trace
    errors = np.einsum("rcbk,rcbk->rc", multiples, multiples) / (coefficients.shape[2] * 63)
    by_cell = texture.mean(axis=2)
    causes = [
        np.log(by_cell[..., LOW] + 1),
        np.log(by_cell[..., MIDDLE] + 0.3),
        coefficients[..., 0].mean(axis=2),
    ]
    left = regions.unexplained(np.log(errors + _FLOOR), causes)
    return leads.signal(
        Answer(
            NAME,
            VERSION,
            regions.strongest(left),
            NEEDED,
            leads.CHANGED,
            found="One more JPEG saving would change one region more, or less, than its texture explains. A lead, not "
            "proof: lettering, drawings and blurred backgrounds do that too.",
            missed="One more JPEG saving would change all regions as their texture explains. That does not show that "
            "nothing was changed.",
            facts={"quality": _QUALITY},
            heat=regions.heat(regions.deviation(left), _DARK, _FULL, tiles),
        )
    )
