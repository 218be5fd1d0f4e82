"""The tree of ingredients in words: oldest first, parts counted, strangers' words kept apart from trusted ones."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detection import history, provenance, wire
from detection.findings import Strength
from detection.history import read_history, sentence, texts_under
from detection.trust import NOBODY, Trust
from tests.detection.studio import CAMERA, TRAINED, Studio, created, opened, picture, trusting

MADE = {"action": "c2pa.created", "digitalSourceType": TRAINED}


@pytest.fixture(scope="module")
def maker() -> Studio:
    return Studio("Maker")


@pytest.fixture(scope="module")
def editor() -> Studio:
    return Studio("Editor")


@pytest.fixture(scope="module")
def generated(maker: Studio) -> bytes:
    return maker.signed(picture(), actions=[created(TRAINED, "Painter 3")], tool="factory")


@pytest.fixture(scope="module")
def edited(editor: Studio, generated: bytes) -> bytes:
    return editor.signed(
        picture(), actions=opened("color_adjustments"), ingredients=[(generated, "parentOf")], tool="Darkroom"
    )


def test_who_made_it_who_edited_it_and_what_it_says_are_told_in_order(edited: bytes) -> None:
    signal = provenance.check(edited, "image/jpeg")
    assert (
        "Their history: made with “Painter 3”, which says: a picture made by generative AI; then edited with "
        "“Darkroom 1”." in signal.sentence
    )
    assert [(step["relation"], step["tool"]) for step in signal.data["history"]] == [
        ("self", "Darkroom 1"),
        ("parentOf", "Painter 3"),
    ]
    assert (signal.data["ai"], signal.data["ai_in"], signal.data["actions"]) == (
        True,
        "parentOf",
        ["c2pa.opened", "c2pa.color_adjustments"],
    )


def test_a_trusted_editor_does_not_vouch_for_what_a_stranger_said_before(
    editor: Studio, edited: bytes
) -> None:
    signal = provenance.check(edited, "image/jpeg", trusting(editor))
    assert (signal.data["trust"], signal.data["ai_trust"]) == ("trusted", "untrusted")
    assert signal.strength is Strength.STRONG


def test_a_trusted_maker_below_a_trusted_editor_is_definitive(
    maker: Studio, editor: Studio, edited: bytes
) -> None:
    signal = provenance.check(edited, "image/jpeg", trusting(editor, maker))
    assert (signal.data["trust"], signal.data["ai_trust"]) == ("trusted", "trusted")
    assert signal.strength is Strength.DEFINITIVE


def test_a_trusted_maker_below_an_editor_nobody_knows_is_not_definitive(maker: Studio, edited: bytes) -> None:
    signal = provenance.check(edited, "image/jpeg", trusting(maker))
    assert (signal.data["trust"], signal.data["ai_trust"]) == ("untrusted", "untrusted")
    assert signal.strength is Strength.STRONG


@pytest.mark.parametrize(("here", "ai_trust"), [(True, "trusted"), (False, "untrusted")])
def test_an_editors_own_word_on_who_is_trusted_does_not_count_against_our_list(
    maker: Studio, editor: Studio, generated: bytes, here: bool, ai_trust: str
) -> None:
    data = editor.signed(
        picture(), actions=opened(), ingredients=[(generated, "parentOf")], knowing=trusting(maker, editor)
    )
    lists = trusting(editor, maker) if here else trusting(editor)
    assert provenance.check(data, "image/jpeg", lists).data["ai_trust"] == ai_trust


def test_an_ai_part_of_a_photograph_is_counted_and_never_definitive(
    maker: Studio, editor: Studio, generated: bytes
) -> None:
    photo = maker.signed(picture(), CAMERA, tool="Camera")
    data = editor.signed(
        picture(),
        actions=[*opened(), {"action": "c2pa.placed", "parameters": {"ingredientIds": ["ingredient1"]}}],
        ingredients=[(photo, "parentOf"), (generated, "componentOf")],
        tool="Darkroom",
    )
    signal = provenance.check(data, "image/jpeg", trusting(editor, maker))
    assert (
        "made with “Camera 1”, which says: a photograph from a digital camera; then edited" in signal.sentence
    )
    assert "Other pictures taken in: 1; 1 of them say: made with generative AI." in signal.sentence
    assert (signal.data["ai"], signal.data["ai_in"], signal.data["ai_trust"]) == (
        True,
        "componentOf",
        "untrusted",
    )
    assert signal.strength is Strength.STRONG


def test_file_names_of_ingredients_are_not_kept(edited: bytes) -> None:
    assert b"0.jpg" in edited
    signal = provenance.check(edited, "image/jpeg")
    assert "0.jpg" not in json.dumps([signal.sentence, dict(signal.data), dict(signal.sensitive)])


# --- made-up trees -----------------------------------------------------------------------------------------


def document(manifests: dict[str, Any], active: str = "0", **results: Any) -> dict[str, Any]:
    return {
        "active_manifest": active,
        "manifests": manifests,
        "validation_state": "Valid",
        "validation_results": results,
    }


def manifest(*below: tuple[str, str], **more: Any) -> dict[str, Any]:
    ingredients = [{"relationship": relation, "active_manifest": label} for relation, label in below]
    return {"ingredients": ingredients, "claim_generator": "tool", **more}


def chain(length: int) -> dict[str, Any]:
    """A picture edited *length* times that began as an AI's."""
    made = {"label": "c2pa.actions", "data": {"actions": [MADE]}}
    steps = {str(number): manifest(("parentOf", str(number + 1))) for number in range(length)}
    return document({**steps, str(length): manifest(assertions=[made])})


def test_a_deep_tree_is_walked_to_its_first_picture_and_told_in_few_words() -> None:
    found = read_history(chain(500))
    assert (len(found.steps), found.cut, found.steps[-1].is_ai) == (501, False, True)
    told = sentence(found)
    assert "made with “tool”, which says: a picture made by generative AI; then" in told
    assert "495 more steps" in told


def test_a_tree_beyond_all_measure_is_cut_and_says_so() -> None:
    found = read_history(chain(history.MOST_STEPS))
    assert (len(found.steps), found.cut) == (history.MOST_STEPS, True)
    assert "longer than what was read" in sentence(found)


def test_a_tree_that_goes_round_in_circles_ends() -> None:
    circle = {"0": manifest(("parentOf", "1"), ("componentOf", "0")), "1": manifest(("parentOf", "0"))}
    assert [step.depth for step in read_history(document(circle)).steps] == [0, 1]


def test_a_wide_tree_does_not_hide_the_parent_that_is_an_ais() -> None:
    many = [("componentOf", f"part{number}") for number in range(1000)]
    made = {"label": "c2pa.actions", "data": {"actions": [MADE]}}
    found = read_history(
        document({"0": manifest(*many, ("parentOf", "1")), "1": manifest(assertions=[made])})
    )
    assert [step.relation for step in found.ai_steps] == ["parentOf"]


def test_data_shows_no_more_than_the_newest_steps_and_says_that_there_are_more() -> None:
    signal = provenance.signal_of(chain(100), NOBODY, remote=False)
    assert (len(signal.data["history"]), signal.data["history_cut"]) == (history.MOST_SHOWN, True)
    wire.signal_from_wire(json.loads(json.dumps(wire.signal_to_wire(signal))))


def test_the_parent_of_a_part_is_no_step_of_the_picture_itself() -> None:
    tree = {"0": manifest(("componentOf", "1")), "1": manifest(("parentOf", "2")), "2": manifest()}
    assert [step.straight for step in read_history(document(tree)).steps] == [True, False, False]


def test_no_more_of_one_statement_is_looked_at_than_allowed() -> None:
    hidden: Any = {"digitalSourceType": TRAINED}
    for _ in range(history.DEEPEST_VALUE + 1):
        hidden = [hidden]
    assert list(texts_under(hidden, "digitalSourceType")) == []
    wide = [0] * history.MOST_VALUES + [{"digitalSourceType": TRAINED}]
    assert list(texts_under(wide, "digitalSourceType")) == []
    assert list(texts_under([[{"digitalSourceType": TRAINED}]], "digitalSourceType")) == [TRAINED]


def test_names_of_programs_are_bounded_and_printable() -> None:
    long = manifest(claim_generator="x\u202ey\0" + "z" * 999)
    [step] = read_history(document({"0": long})).steps
    assert step.tool.startswith("xyz")
    assert len(step.tool) <= history.LONGEST_VALUE


def test_a_relation_that_nobody_knows_counts_as_a_part() -> None:
    tree = {"0": manifest(("<b>odd", "1")), "1": manifest()}
    assert [step.relation for step in read_history(document(tree)).steps] == ["self", "componentOf"]


def test_actions_and_names_are_bounded_in_data_and_in_words() -> None:
    actions = [{"action": f"c2pa.{number}"} for number in range(50)] + [MADE]
    made = {"label": "c2pa.actions", "data": {"actions": actions}}
    found = read_history(document({"0": manifest(assertions=[made], claim_generator="y" * 150)}))
    assert len(found.steps[0].actions) == history.MOST_LISTED
    assert f"“{'y' * history.LONGEST_NAME}”" in sentence(found)


# --- why a signer is not trusted ---------------------------------------------------------------------------

BOUND = [{"code": "claimSignature.validated", "url": ""}, {"code": "assertion.dataHash.match", "url": ""}]


def judged(*failures: str, succeeded: list[dict[str, str]] = BOUND, trust: Trust = NOBODY) -> Any:
    told = {"success": succeeded, "failure": [{"code": code, "url": ""} for code in failures]}
    made = {"label": "c2pa.actions", "data": {"actions": [MADE]}}
    found = document({"0": manifest(assertions=[made])}, activeManifest=told)
    return provenance.signal_of({**found, "validation_state": "Invalid"}, trust, remote=False)


@pytest.mark.parametrize(
    ("codes", "reason", "words", "strength"),
    [
        (["signingCredential.untrusted"], "no_list", "no trust list is installed", Strength.STRONG),
        (["signingCredential.expired"], "expired", "its certificate has expired", Strength.STRONG),
        (["signingCredential.ocsp.revoked"], "revoked", "its certificate was revoked", Strength.WEAK),
        (["signingCredential.revoked"], "revoked", "its certificate was revoked", Strength.WEAK),
        (["signingCredential.invalid"], "unfit", "is not one for signing", Strength.WEAK),
        (
            ["signingCredential.expired", "signingCredential.ocsp.revoked"],
            "revoked",
            "revoked",
            Strength.WEAK,
        ),
        (
            ["timeStamp.outsideValidity", "signingCredential.expired"],
            "expired",
            "has expired",
            Strength.STRONG,
        ),
    ],
)
def test_each_fault_of_a_certificate_is_said_in_words_and_leaves_the_bytes_valid(
    codes: list[str], reason: str, words: str, strength: Strength
) -> None:
    signal = judged(*codes)
    assert (signal.data["integrity"], signal.data["trust_reason"]) == ("valid", reason)
    assert words in signal.sentence
    assert signal.strength is strength


@pytest.mark.parametrize(
    ("codes", "succeeded"),
    [
        (["assertion.dataHash.mismatch"], BOUND),
        (["signingCredential.expired", "assertion.missing"], BOUND),
        (["signingCredential.expired"], BOUND[:1]),
        (["signingCredential.expired"], BOUND[1:]),
    ],
)
def test_a_file_is_valid_only_where_signature_and_bytes_were_found_to_fit(
    codes: list[str], succeeded: list[dict[str, str]]
) -> None:
    assert judged(*codes, succeeded=succeeded).data["integrity"] == "invalid"


def test_a_list_that_is_not_there_is_not_named() -> None:
    told = [
        {"code": "signingCredential.trusted", "url": "", "explanation": "found in [list:7] trust anchors"}
    ]
    assert judged(succeeded=BOUND + told).data["trust_list"] is None


def test_no_more_failures_are_kept_than_allowed() -> None:
    kept = judged(*(f"assertion.{number}{'x' * 999}" for number in range(99))).data["failures"]
    assert len(kept) == provenance.MOST_LISTED
    assert all(len(code) <= history.LONGEST_VALUE for code in kept)


# --- properties --------------------------------------------------------------------------------------------

LABELS = st.sampled_from(["0", "1", "2", "3", ""])
TREES = st.dictionaries(
    LABELS,
    st.builds(
        lambda below, agent: manifest(
            *below, assertions=[{"label": "c2pa.actions", "data": {"actions": [agent]}}]
        ),
        st.lists(
            st.tuples(st.sampled_from(["parentOf", "componentOf", "inputTo", "odd"]), LABELS), max_size=6
        ),
        st.dictionaries(
            st.sampled_from(["action", "softwareAgent", "digitalSourceType"]), st.text(max_size=300)
        ),
    ),
)


@settings(max_examples=300, deadline=None)
@given(TREES)
def test_property_any_tree_is_told_within_the_limits(manifests: dict[str, Any]) -> None:
    found = read_history(document(manifests))
    assert read_history(document(manifests)) == found
    assert len(found.steps) <= history.MOST_STEPS
    assert len(sentence(found)) < 2000
    assert all(len(step.tool) <= history.LONGEST_VALUE for step in found.steps)
