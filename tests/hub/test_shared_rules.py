"""Rules as people change them together, on a real hub."""

from __future__ import annotations

from pathlib import Path

from collab_dash.doc import edits
from collab_dash.peer.session import Firing, join
from collab_dash.peer.updates import Update
from collab_dash.rules import Rule
from hubs import hub_of, link, publish, until, workspace_at
from sharing import sharing

WORKSPACE = """
[session]
name = "test"
[[rules]]
when = "pub: n > 100"
name = "much"
"""


def fires(name: str, update: Update) -> bool:
    """Tell whether an update says that one alert fires, that of the rule called `name`."""
    return isinstance(update, Firing) and [alert.name for alert in update.alerts] == [name]


async def test_a_rule_that_a_peer_adds_fires_until_it_is_taken_away(tmp_path: Path) -> None:
    workspace = workspace_at(tmp_path, WORKSPACE)
    async with hub_of(workspace) as hub, sharing(link(hub)) as ana, join(link(hub)) as session:
        assert [rule.name for rule in ana.replica.document.rules] == ["much"]
        with ana.replica.edit() as document:
            edits.add_rule(document, Rule(when="pub: n = 7", name="seven", cooldown=0.0))
        await ana.shared()
        await publish(session, 7)
        await until(session, lambda update: fires("seven", update))
        ((_, rule),) = [(each.id, each) for each in ana.replica.document.rules if each.name == "seven"]
        with ana.replica.edit() as document:
            edits.close(document, "rules", rule.id, now=1)
        await ana.shared()
        assert [each.name for each in ana.replica.document.rules] == ["much"]
    async with hub_of(workspace) as hub, sharing(link(hub)) as ana:
        assert [each.name for each in ana.replica.document.rules] == ["much"]


async def test_a_rule_that_cannot_be_understood_reaches_nobody(tmp_path: Path) -> None:
    async with hub_of(workspace_at(tmp_path, WORKSPACE)) as hub, sharing(link(hub)) as ana:
        refusals = []
        ana.replica.on_refused = lambda fault, lost: refusals.append(fault)
        with ana.replica.edit() as document:
            edits.add_rule(document, Rule(when="pub: n >"))
        await ana.until(lambda: bool(refusals) and len(ana.replica.document.rules) == 1)
        assert "expected a value" in refusals[0].message


async def test_the_workspaces_rules_stand_again_when_it_changes_and_keep_their_ids(tmp_path: Path) -> None:
    workspace = workspace_at(tmp_path, WORKSPACE)
    async with hub_of(workspace) as hub, sharing(link(hub)) as ana:
        (rule,) = ana.replica.document.rules
        with ana.replica.edit() as document:
            edits.change(document, "rules", rule.id, enabled=False)
        await ana.shared()
    async with hub_of(workspace) as hub, sharing(link(hub)) as ana:
        assert not ana.replica.document.rules[0].enabled
    workspace = workspace_at(tmp_path, WORKSPACE + '[[rules]]\nwhen = "*: level = \\"error\\""\n')
    async with hub_of(workspace) as hub, sharing(link(hub)) as ana:
        assert [(each.id == rule.id, each.enabled) for each in ana.replica.document.rules] == [
            (True, True),
            (False, True),
        ]
