"""Weights are read and never run; descent shows in the order of units, in spectra whatever that order, and in our data's order."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from stillwatch.audit import Recorded, Weights, palimpsest, read_order, read_weights, spectra, unit_order
from stillwatch.core import Error, FormatError

NAME = "model.layers.0.mlp.up_proj.weight"


def safetensors(path: Path, tensors: dict[str, tuple[str, tuple[int, ...], bytes]]) -> Path:
    header: dict[str, object] = {"__metadata__": {"format": "pt"}}
    body = b""
    for name, (kind, shape, raw) in tensors.items():
        header[name] = {"dtype": kind, "shape": shape, "data_offsets": [len(body), len(body) + len(raw)]}
        body += raw
    told = json.dumps(header).encode()
    path.write_bytes(len(told).to_bytes(8, "little") + told + body)
    return path


def made(rng: np.random.Generator, name: str) -> Weights:
    return Weights(name=name, tensors={NAME: rng.normal(size=(40, 12)), "embed.weight": np.eye(12)})


def test_every_kind_of_float_is_read_and_whole_numbers_left_out(tmp_path: Path) -> None:
    rows = np.array([[1.0, -2.5], [0.5, 3.0]])
    brain = (rows.astype(np.float32).view(np.uint32) >> 16).astype("<u2").tobytes()
    parts = {"a": ("BF16", brain), "b": ("F16", rows.astype("<f2").tobytes()), "c": ("F64", rows.tobytes())}
    tensors = {name: (kind, (2, 2), raw) for name, (kind, raw) in parts.items()}
    found = read_weights(safetensors(tmp_path / "m.safetensors", {**tensors, "q": ("I8", (4,), b"abcd")}))
    assert (found.name, set(found.shapes)) == ("m", {"a", "b", "c"})
    assert all(np.array_equal(found.tensor(name), rows) for name in "abc")
    np.savez(tmp_path / "n.npz", up=rows)
    assert np.array_equal(read_weights(tmp_path / "n.npz").tensor("up"), rows)
    folder = tmp_path / "parts"
    folder.mkdir()
    for name in "ab":
        safetensors(folder / f"{name}.safetensors", {name: tensors[name]})
    assert set(read_weights(folder).shapes) == {"a", "b"}
    safetensors(folder / "c.safetensors", {"a": tensors["a"]})
    with pytest.raises(FormatError, match="in another part as well"):
        read_weights(folder)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\xff" * 40,
        (9).to_bytes(8, "little") + b"not json!",
        (2).to_bytes(8, "little") + b"[]",
        (66).to_bytes(8, "little") + b'{"a": {"dtype": "F32", "shape": [9], "data_offsets": [0, 36]}}    ',
        (66).to_bytes(8, "little") + b'{"a": {"dtype": "F32", "shape": [9], "data_offsets": [0, 99]}}    ' + b"0" * 99,
    ],
)
def test_a_file_that_is_broken_or_cut_short_is_refused(tmp_path: Path, raw: bytes) -> None:
    for name in ("m.safetensors", "m.npz"):
        (tmp_path / name).write_bytes(raw)
        with pytest.raises(FormatError):
            read_weights(tmp_path / name)
    with pytest.raises(Error, match="no weights there"):
        read_weights(tmp_path / "nowhere")


def test_pickled_objects_are_never_opened(tmp_path: Path) -> None:
    np.savez(tmp_path / "m.npz", up=np.array([{"a": 1}], dtype=object))
    with pytest.raises(FormatError):
        read_weights(tmp_path / "m.npz")


def test_a_tuned_copy_stands_in_our_order_and_a_shuffled_one_only_in_our_spectra() -> None:
    rng = np.random.default_rng(1)
    ours, controls = made(rng, "ours"), [made(rng, f"c{at}") for at in range(19)]
    tuned = Weights(name="tuned", tensors={NAME: ours.tensor(NAME) + rng.normal(size=(40, 12)) / 2})
    shuffled = Weights(name="shuffled", tensors={NAME: rng.permutation(tuned.tensor(NAME))})
    assert unit_order(tuned, ours, orders=999, rng=rng).evidence.p_value == 0.001
    assert (unit_order(shuffled, ours, orders=999, rng=rng).evidence.p_value or 0) > 0.01
    for one in (tuned, shuffled):
        assert spectra(one, ours, controls, alpha=0.05).evidence.p_value == 0.05
    assert (spectra(controls[0], ours, [*controls[1:], made(rng, "c")], alpha=0.05).evidence.p_value or 0) > 0.05


def test_weights_that_cannot_be_compared_are_undecided_and_controls_of_another_shape_refused() -> None:
    rng = np.random.default_rng(2)
    ours, bare = made(rng, "ours"), Weights(name="bare", tensors={"embed.weight": np.eye(12)})
    assert unit_order(bare, ours, rng=rng).evidence.decided is False
    assert spectra(made(rng, "s"), ours, [made(rng, "c")]).evidence.needed == 99
    with pytest.raises(Error, match="bare: has no "):
        spectra(made(rng, "s"), ours, [bare])


def test_who_descends_from_us_remembers_best_what_we_read_last(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    rows = [{"place": at, "text": f"text {at}"} for at in range(300)]
    (tmp_path / "order.jsonl").write_text("".join(json.dumps(rows[at]) + "\n" for at in rng.permutation(300)))
    order = read_order(tmp_path / "order.jsonl")
    assert order == tuple(row["text"] for row in rows)
    noise = {text: float(-5 - abs(rng.normal())) for text in order}

    def model(lean: float) -> Recorded:
        known = {("", text): noise[text] + lean * at / 300 for at, text in enumerate(order)}
        return Recorded(name="s", answers={}, likelihoods=known)

    child, stranger = (palimpsest(order, model(lean), shuffles=999, rng=rng).evidence for lean in (1.0, 0.0))
    assert (child.p_value, child.value > 0.3) == (0.001, True)
    assert (stranger.p_value or 0) > 0.01
    beside = palimpsest(order, model(0.2), reference=model(0.0), shuffles=999, rng=rng).evidence
    assert beside.value == pytest.approx(1.0), "a reference takes away how likely a text is at all"
    assert palimpsest(order[:3], model(1.0), rng=rng).evidence.needed == 5
    (tmp_path / "order.jsonl").write_text('{"place": 1, "text": "a"}\n{"place": 1, "text": "b"}\n')
    with pytest.raises(FormatError, match=r"order\.jsonl:2: place: occurs a second time"):
        read_order(tmp_path / "order.jsonl")
