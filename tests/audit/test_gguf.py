"""Weights in GGUF, written by the format's own package, are read as they are or widened, and a hostile header keeps nobody busy."""

from __future__ import annotations

import struct
import sys
from pathlib import Path

import numpy as np
import pytest

from stillwatch.audit import Weights, read_weights, unit_order
from stillwatch.core import Error, FormatError

RNG = np.random.default_rng(5)
UP, CALLED = "blk.0.ffn_up.weight", "model.layers.0.mlp.up_proj.weight"
ROWS = RNG.normal(size=(48, 64)).astype(np.float32)


@pytest.fixture
def written(tmp_path: Path) -> Path:
    """Tensors of several kinds behind metadata of every shape, as llama.cpp's own package writes them."""
    gguf = pytest.importorskip("gguf")
    path = tmp_path / "suspect.gguf"
    out = gguf.GGUFWriter(path, "llama")
    out.add_string("general.name", "made")
    out.add_array("tokenizer.ggml.tokens", ["a", "bc", "déf"])
    out.add_array("tokenizer.ggml.scores", [0.5, 1.5])
    out.add_bool("some.flag", True)
    out.add_uint64("some.count", 7)
    out.add_tensor(UP, ROWS)
    out.add_tensor("blk.1.ffn_up.weight", ROWS.astype(np.float16))
    kinds = gguf.GGMLQuantizationType
    for at, kind in ((2, kinds.Q8_0), (3, kinds.Q4_0), (4, kinds.Q4_1), (5, kinds.BF16)):
        out.add_tensor(f"blk.{at}.ffn_up.weight", gguf.quantize(ROWS, kind), raw_dtype=kind)
    out.add_tensor("counts", np.arange(4, dtype=np.int32))
    out.write_header_to_file()
    out.write_kv_data_to_file()
    out.write_tensors_to_file()
    out.close()
    return path


def test_every_kind_is_read_under_the_name_that_it_has_in_safetensors(written: Path) -> None:
    found = read_weights(written)
    assert found.name == "suspect"
    assert found.shapes == {CALLED.replace("0", str(at), 1): (48, 64) for at in range(6)}
    assert np.array_equal(found.tensor(CALLED), ROWS)
    for at, off in ((1, 1e-3), (2, 0.02), (3, 0.4), (4, 0.3), (5, 0.02)):
        away = np.abs(found.tensor(CALLED.replace("0", str(at), 1)) - ROWS).max()
        assert 0 < away < off, at


def test_a_quantised_copy_shows_its_descent_and_a_stranger_none(written: Path) -> None:
    suspect = read_weights(written)
    ours = Weights(name="ours", tensors={CALLED.replace("0", "4", 1): ROWS})
    other = Weights(name="other", tensors={CALLED.replace("0", "4", 1): RNG.normal(size=(48, 64))})
    assert unit_order(suspect, ours, rng=np.random.default_rng(1)).evidence.p_value == 1e-4
    assert (unit_order(suspect, other, rng=np.random.default_rng(1)).evidence.p_value or 0) > 0.01


def test_plain_floats_need_no_package_and_quantised_ones_say_so(written: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "gguf", None)
    with pytest.raises(Error, match=r"stillwatch\[gguf\]"):
        read_weights(written)
    plain = written.with_name("plain.gguf")
    plain.write_bytes(made([("t", (2, 3), 0, 0)], np.arange(6, dtype="<f4").tobytes()))
    assert read_weights(plain).tensor("t").tolist() == [[0, 1, 2], [3, 4, 5]]


def made(
    tensors: list[tuple[str, tuple[int, ...], int, int]], data: bytes, fields: bytes = b"", many: int = 0
) -> bytes:
    """A file by hand: (name, shape, kind, offset) of each tensor."""
    raw = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), many) + fields
    for name, shape, kind, offset in tensors:
        told = name.encode()
        raw += struct.pack("<Q", len(told)) + told + struct.pack("<I", len(shape))
        raw += struct.pack(f"<{len(shape)}Q", *reversed(shape)) + struct.pack("<IQ", kind, offset)
    return raw + b"\0" * (-len(raw) % 32) + data


KEY = struct.pack("<Q", 1) + b"k"
ENDLESS = 1 << 62


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"GGUF",
        b"GGML" + b"\0" * 60,
        b"GGUF" + struct.pack("<IQQ", 1, 0, 0),
        b"GGUF" + struct.pack("<IQQ", 3, ENDLESS, 0) + b"\0" * 99,
        b"GGUF" + struct.pack("<IQQ", 3, 0, ENDLESS) + b"\0" * 99,
        made([], b"", KEY + struct.pack("<IIQ", 9, 4, ENDLESS), 1),
        made([], b"", KEY + struct.pack("<IIQ", 9, 8, ENDLESS), 1),
        made([], b"", KEY + struct.pack("<IQ", 8, ENDLESS), 1),
        made([], b"", KEY + struct.pack("<I", 99), 1),
        made([], b"", KEY + struct.pack("<I", 9) + struct.pack("<IQ", 9, 1) * 99, 1),
        made([("t", (2, 3), 0, 0)], b"\0" * 8),
        made([("t", (1 << 40, 1 << 40), 0, 0)], b"\0" * 64),
        made([("t", (2,), 0, 7)], b"\0" * 64),
        made([("t", (0, 3), 0, 0)], b"\0" * 64),
        made([("t", (2,), 0, 0), ("t", (2,), 0, 0)], b"\0" * 64),
        made([("t", (2, 2), 250, 0)], b"\0" * 64),
        made([("t", (2, 33), 8, 0)], b"\0" * 640),
    ],
)
def test_a_file_that_is_broken_endless_or_cut_short_is_refused_at_once(tmp_path: Path, raw: bytes) -> None:
    pytest.importorskip("gguf")
    (tmp_path / "m.gguf").write_bytes(raw)
    with pytest.raises(FormatError):
        read_weights(tmp_path / "m.gguf")
