"""The limits under which untrusted files are opened.

Measured: an honest picture of 49.9 million pixels takes 1.4 to 3 s and 400 to 810 MiB, whatever its format.
"""

from __future__ import annotations

from dataclasses import dataclass

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """What one file may cost. A file that needs more is kept, but not opened again by itself."""

    max_bytes: int = 100 * MIB
    """Size of a file that is looked at at all."""

    max_pixels: int = 50_000_000
    """Width times height as declared in the header, checked before decoding."""

    max_scans: int = 100
    """JPEG scans, counted before decoding: 400 scans cost 12 s although every pixel check passes."""

    max_frames: int = 16
    """Frames sampled after the first one."""

    sampled_side: int = 1024
    """Frames after the first are held at most this large on their longer side (pixels)."""

    max_film_frames: int = 32
    """Frames sampled of a film."""

    frame_seconds: float = 3.0
    """CPU time after which no further frame is sampled."""

    cpu_seconds: int = 10
    """CPU time of the child, all its threads together."""

    wall_seconds: float = 10.0
    """Time after which the parent kills the child."""

    memory_bytes: int = 1024 * MIB
    """Address space of the child above what its parent already uses."""

    max_answer_bytes: int = 32 * MIB
    """Everything that the child may send back."""

    max_rendition_bytes: int = 4 * MIB
    max_preview_bytes: int = 2048

    max_metadata_bytes: int = 16 * MIB
    """Bytes of metadata that the metadata readers look at in one file."""

    max_metadata_parts: int = 10_000
    """Chunks or segments that the metadata readers look at in one file."""

    max_text_bytes: int = MIB
    """Inflated size of one compressed text; more is cut off."""


DEFAULT = Limits()
