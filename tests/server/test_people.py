"""Who is who, on a real hub: nobody can pass for somebody else."""

from __future__ import annotations

from pathlib import Path

from collab_dash import join
from collab_dash.peer.session import Joined, Lost, People, Session
from collab_dash.wire import Person, person_id
from hubs import hub_of, link, until, workspace_at


async def shown(session: Session, count: int, *names: str) -> list[Person]:
    """Wait until so many people are here, with these names."""

    def as_wanted(update: object) -> bool:
        return isinstance(update, People) and [person.name for person in update.people] == list(names)

    found = await until(session, as_wanted)
    assert isinstance(found, People)
    assert len(found.people) == count
    return found.people


async def test_people_are_known_by_an_id_that_follows_from_their_secret(tmp_path: Path) -> None:
    async with hub_of(workspace_at(tmp_path)) as hub:
        async with (
            join(link(hub), name="ana", person="of-ana", color="pink") as ana,
            join(link(hub, "viewer"), name="ana", person="of-bo", color="mauve") as bo,
        ):
            one, other = await shown(ana, 2, "ana", "ana")
            assert (one.person, one.color) == (ana.welcome.person, "pink")
            assert (one.person, other.person) == (person_id("of-ana"), person_id("of-bo"))
            assert other.color in ("red", "orange", "yellow", "green", "teal", "blue", "violet", "pink")
            assert "of-" not in repr(await shown(bo, 2, "ana", "ana"))
        async with join(link(hub, "viewer"), name="ben", person="of-ana") as again:
            assert again.welcome.person == person_id("of-ana")


async def test_without_a_secret_one_is_nobody_elses_id(tmp_path: Path) -> None:
    async with hub_of(workspace_at(tmp_path)) as hub, join(link(hub), name="a") as a, join(link(hub), name="b") as b:
        assert a.welcome.person == a.welcome.client != b.welcome.person


async def test_a_new_name_is_everybodys_at_once_and_stays_over_a_break(tmp_path: Path) -> None:
    async with hub_of(workspace_at(tmp_path)) as hub, join(link(hub), name="ana", person="of-ana") as ana:
        async with join(link(hub), name="bo") as bo:
            await shown(bo, 2, "ana", "bo")
            await ana.introduce(" bea ", "red")
            people = await shown(bo, 2, "bea", "bo")
            assert (people[0].person, people[0].color) == (person_id("of-ana"), "red")
        assert ana._socket is not None
        await ana._socket.close()
        await until(ana, lambda update: isinstance(update, Lost))
        ana.retry_now()
        await until(ana, lambda update: isinstance(update, Joined))
        assert (await shown(ana, 1, "bea"))[0].color == "red"
