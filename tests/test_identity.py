from __future__ import annotations

from pathlib import Path

import pytest
from msgspec import structs

from collab_dash.announcement import state_dir
from collab_dash.errors import HubError
from collab_dash.identity import identity_file, load_identity, remember
from collab_dash.wire import person_id


def test_a_secret_is_made_once_and_kept_private() -> None:
    first = load_identity()
    assert len(first.secret) >= 32
    assert (first.name, first.color) == ("", "")
    assert load_identity() == first
    assert identity_file().stat().st_mode & 0o777 == 0o600
    assert [path.name for path in state_dir().iterdir()] == ["person.json"]


def test_what_was_chosen_is_remembered_with_the_same_secret() -> None:
    chosen = structs.replace(load_identity(), name="ana", color="pink")
    remember(chosen)
    assert load_identity() == chosen


@pytest.mark.parametrize("content", ["{", '{"secret":""}', "[]"])
def test_a_damaged_file_is_replaced(content: str) -> None:
    state_dir().mkdir(parents=True)
    identity_file().write_text(content)
    assert load_identity().secret
    assert load_identity() == load_identity()


def test_where_nothing_can_be_kept_one_is_somebody_all_the_same(private_dirs: Path) -> None:
    private_dirs.mkdir()
    (private_dirs / "state").write_text("not a folder")
    identity = load_identity()
    assert identity.secret
    with pytest.raises(HubError, match="cannot write"):
        remember(identity)


def test_the_public_id_follows_from_the_secret_and_does_not_tell_it() -> None:
    assert person_id("") == ""
    assert person_id("secret") == "90cd9b5ac4b3"
    assert person_id("secret") != person_id("other")
