"""``[[rules]]`` and ``[targets.NAME]`` as people write them, and what they are told when they write them wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from collab_dash.cli.described import effective, workspace_schema
from collab_dash.config import Workspace, load_workspace
from collab_dash.errors import ConfigError
from collab_dash.rules import Rule
from hubs import workspace_at

FEED = '[feeds.quakes]\nuse = "demo"\n'
RULE = '[[rules]]\nwhen = "quakes: mag >= 4.5"\n'
TARGETS = '[targets.oncall]\nntfy = "https://ntfy.example/ops"\n[targets.pager]\ncommand = ["/bin/page", "--now"]\n'


def problems(workspace: Workspace) -> list[tuple[str, str, str]]:
    return [(p.feed, p.message.removeprefix(f"{workspace.identity}:"), p.hint) for p in workspace.problems]


def test_a_rule_and_its_targets(tmp_path: Path) -> None:
    more = 'name = "big"\nfor = "30s"\ncooldown = 300\nnotify = ["bell", "oncall", "pager", "bell"]\nenabled = false\n'
    workspace = workspace_at(tmp_path, f"{FEED}{RULE}{more}{TARGETS}")
    assert workspace.problems == []
    [rule] = workspace.rules
    assert rule == Rule(
        id=rule.id,
        when="quakes: mag >= 4.5",
        name="big",
        hold=30.0,
        cooldown=300.0,
        notify=("bell", "oncall", "pager"),
        enabled=False,
    )
    assert workspace.targets["oncall"].ntfy == "https://ntfy.example/ops"
    assert workspace.targets["pager"].command == ("/bin/page", "--now")


def test_a_rule_that_says_no_more_has_defaults(tmp_path: Path) -> None:
    [rule] = workspace_at(tmp_path, FEED + RULE).rules
    assert (rule.hold, rule.cooldown, rule.notify, rule.title) == (0, 60, ("bell", "toast"), "quakes: mag >= 4.5")


def test_ids_stay_when_rules_change_places_and_are_never_shared(tmp_path: Path) -> None:
    other = '[[rules]]\nwhen = "*: true"\n'
    first = workspace_at(tmp_path, FEED + RULE + other + RULE).rules
    second = workspace_at(tmp_path, FEED + other + RULE + RULE).rules
    assert len({rule.id for rule in first}) == 3
    assert {rule.id: rule.when for rule in first} == {rule.id: rule.when for rule in second}


@pytest.mark.parametrize(
    ("text", "table", "message", "hint"),
    [
        ("[[rules]]\nname = 'x'\n", "rule 1", "3: rule 1 lacks 'when'", ""),
        ("[[rules]]\nwhen = 'quakes mag'\n", "rule 1", "4: rule 1 when: rule 'quakes mag', character 1: expected", ""),
        (f"{RULE}fro = '3s'\n", "rule 1", "5: rule 1 has no key 'fro'", "did you mean 'for'?"),
        (f"{RULE}for = 'soon'\n", "rule 1", "5: rule 1 for: 'soon' is not a span of time", ""),
        (f"{RULE}for = '99999w'\n", "rule 1", "5: rule 1 for: a rule's times are at most a year", ""),
        (f"{RULE}cooldown = true\n", "rule 1", "5: rule 1 cooldown: should be text in quotes", ""),
        (f"{RULE}notify = ['oncal']\n{TARGETS}", "rule 1", "5: rule 1 notifies 'oncal', which is", "'oncall'?"),
        ("[[rules]]\nwhen = 'quake: true'\n", "rule 1", "4: rule 1 looks at 'quake', which is no feed", "'quakes'?"),
        (f"{RULE}{RULE}for = ''\n", "rule 2", "7: rule 2 for", ""),
        ("[targets.x]\n", "[targets.x]", "3: [targets.x]: give one of ntfy and command", ""),
        ("[targets.x]\nntfy = 'ops'\n", "[targets.x]", "4: [targets.x] ntfy: should start with https://", ""),
        ("[targets.x]\ncomand = 'page'\n", "[targets.x]", "4: [targets.x] has no key 'comand'", "'command'?"),
        (
            "[targets.x]\ncommand = 'a'\nheaders = {A = 'b'}\n",
            "[targets.x]",
            "3: [targets.x]: headers go with ntfy",
            "",
        ),
        ("[targets.bell]\ncommand = 'a'\n", "[targets.bell]", "3: a target cannot be called 'bell'", "every screen"),
        ("[targets.'A B']\ncommand = 'a'\n", "[targets.A B]", "3: a target cannot be called 'A B'", "lower-case"),
    ],
)
def test_a_mistake_stops_that_one_and_is_told_with_its_line(
    tmp_path: Path, text: str, table: str, message: str, hint: str
) -> None:
    workspace = workspace_at(tmp_path, FEED + text)
    told = problems(workspace)
    assert told[0][0] == table
    assert told[0][1].startswith(message)
    assert hint in told[0][2]
    assert list(workspace.feeds) == ["quakes"]


def test_a_rule_on_a_feed_that_is_not_configured_is_told_and_kept(tmp_path: Path) -> None:
    workspace = workspace_at(tmp_path, '[[rules]]\nwhen = "deploys, hub: true"\n')
    assert len(workspace.problems) == len(workspace.rules) == 1


def test_rules_are_tables(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="rules is not a table") as fault:
        workspace_at(tmp_path, "[rules]\nwhen = 'a: true'\n")
    assert "[[rules]]" in fault.value.hint


def test_a_pane_may_show_the_alerts(tmp_path: Path) -> None:
    assert workspace_at(tmp_path, '[[pages]]\n[[pages.panes]]\nfeed = "alerts"\nview = "log"\n').problems == []


def test_the_environment_may_say_where_a_target_is(tmp_path: Path) -> None:
    (tmp_path / "collab.toml").write_text("[targets.oncall]\nntfy = 'https://ntfy.example/x'\n")
    environ = {
        "COLLAB_DASH_TARGETS__ONCALL__NTFY": "https://ntfy.example/y",
        "COLLAB_DASH_TARGETS__PAGER__COMMAND": "x",
    }
    workspace = load_workspace(tmp_path, environ=environ)
    assert workspace.problems == []
    assert {name: target.ntfy for name, target in workspace.targets.items()} == {
        "oncall": "https://ntfy.example/y",
        "pager": "",
    }


def test_secrets_of_targets_are_not_shown(tmp_path: Path) -> None:
    text = '[targets.t]\nntfy = "https://me:hunter2@ntfy.example/ops"\nheaders = { Authorization = "Bearer hunter2" }\n'
    more = '[targets.u]\nntfy = "https://ntfy.example/${TOPIC}"\n[targets.p]\ncommand = "page --now"\n'
    workspace = workspace_at(tmp_path, text + more)
    assert effective(workspace)["targets"] == {
        "t": {"ntfy": "https://(hidden)@ntfy.example/(hidden)", "headers": "(hidden)"},
        "u": {"ntfy": "https://ntfy.example/${TOPIC}"},
        "p": {"command": ["page", "--now"]},
    }
    assert "hunter2" not in repr(workspace)


def test_the_schema_knows_rules_and_targets(tmp_path: Path) -> None:
    schema = workspace_schema(tmp_path)
    assert {"rules", "targets"} <= set(schema["properties"])
    assert set(schema["$defs"]["RuleTable"]["properties"]) == {"when", "name", "for", "cooldown", "notify", "enabled"}
