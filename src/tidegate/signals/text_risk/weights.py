"""The file of the text-risk model: one archive of the word pieces, the transformer and the head, checked
against the SHA-256 beside it."""

from __future__ import annotations

import hashlib
import io
import json
import os
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tidegate.errors import SignalError, Where
from tidegate.signals.text_risk.model import Head, TextRiskModel

if TYPE_CHECKING:
    import onnxruntime
    import sentencepiece

WEIGHTS = Path(__file__).parent / "weights" / "text-risk.zip"
PIECES, ENCODER, HEAD = "pieces.model", "encoder.onnx", "head.npz"
LONG_AGO = (1980, 1, 1, 0, 0, 0)
"""The time that every part bears, so that equal parts make equal files."""


def load_model(path: Path = WEIGHTS, threads: int | None = None) -> TextRiskModel:
    """The model from its file, on `threads` threads, or on as many as the process may use.

    Raises:
        SignalError: the file or its checksum is missing, they do not belong together, or it is no model.
    """
    data, digest = checked(path)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            packed_pieces, packed_encoder, packed_head = (archive.getinfo(n) for n in (PIECES, ENCODER, HEAD))
            head = head_of(archive.read(packed_head))
    except (zipfile.BadZipFile, KeyError, ValueError) as error:
        raise SignalError(
            f"this is no text-risk model: {type(error).__name__}",
            where=Where(path),
            remedy="Name a file that `tidegate train` wrote, or take the setting out to use ours.",
        ) from error

    def part(which: zipfile.ZipInfo) -> bytes:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return archive.read(which)

    return TextRiskModel(
        head,
        digest[:12],
        threads or _cores(),
        lambda: _pieces(part(packed_pieces)),
        lambda: _session(part(packed_encoder)),
    )


def _cores() -> int:
    """Cores that this process may use, where the system tells."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def checked(path: Path) -> tuple[bytes, str]:
    """The file's bytes and their SHA-256, if that is what its checksum names."""
    try:
        data = path.read_bytes()
        expected = path.with_suffix(".sha256").read_text(encoding="ascii").split()[0]
    except (OSError, IndexError) as error:
        raise SignalError(
            "the text-risk weights cannot be read",
            where=Where(path),
            remedy="Install the package again, or train them with `tidegate train`.",
        ) from error
    digest = hashlib.sha256(data).hexdigest()
    if digest != expected:
        raise SignalError(
            "the text-risk weights are not the ones that their checksum names",
            where=Where(path),
            remedy="Install the package again: the file was damaged or replaced.",
        )
    return data, digest


def save_model(path: Path, pieces: bytes, encoder: bytes, head: Head) -> None:
    """Write the archive and its checksum. Equal parts give equal bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, part in ((PIECES, pieces), (ENCODER, encoder), (HEAD, packed(head))):
            archive.writestr(zipfile.ZipInfo(name, LONG_AGO), part, zipfile.ZIP_DEFLATED, 9)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(buffer.getvalue())
    digest = hashlib.sha256(buffer.getvalue()).hexdigest()
    path.with_suffix(".sha256").write_text(f"{digest}  {path.name}\n", encoding="ascii")


def parts_of(path: Path) -> tuple[bytes, bytes, Head]:
    """Word pieces, transformer and head of a model's file."""
    with zipfile.ZipFile(io.BytesIO(checked(path)[0])) as archive:
        return archive.read(PIECES), archive.read(ENCODER), head_of(archive.read(HEAD))


def _pieces(file: bytes) -> sentencepiece.SentencePieceProcessor:
    import sentencepiece

    return sentencepiece.SentencePieceProcessor(model_proto=file)


def _session(encoder: bytes) -> onnxruntime.InferenceSession:
    """One thread a run: runs beside one another use the cores better than threads within one."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(encoder, options, providers=["CPUExecutionProvider"])


def packed(head: Head) -> bytes:
    buffer = io.BytesIO()
    about = {"harms": head.harms, "groups": head.groups}
    np.savez(
        buffer,
        about=np.frombuffer(json.dumps(about).encode(), np.uint8),
        weights=head.weights,
        bias=head.bias,
        slope=head.slope,
        shift=head.shift,
        decision=head.decision,
        threshold=head.threshold,
    )
    return buffer.getvalue()


def head_of(data: bytes) -> Head:
    with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
        about = json.loads(arrays["about"].tobytes())
        weights, bias, slope, shift, threshold = (
            arrays[name] for name in ("weights", "bias", "slope", "shift", "threshold")
        )
        # Files from before decisions were kept apart: even odds are where the line has them.
        decision = arrays["decision"] if "decision" in arrays else -shift / slope
        harms, groups = tuple(about["harms"]), tuple(about["groups"])
        return Head(harms, groups, weights, bias, slope, shift, decision, threshold)
