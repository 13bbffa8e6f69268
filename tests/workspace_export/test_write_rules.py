"""Whatever people make of the rules, a file can give."""

from __future__ import annotations

from pathlib import Path

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collab_dash.config import load_workspace
from collab_dash.rules import Rule
from collab_dash.workspace_export import write_rules

TEXT = """\
# Alerts.
[[rules]]
name = "big"            # wakes us
when = "quakes: mag >= 6"
notify = ["phone",      # from the environment
  "bell"]
enabled = true          # for now

# a mistake
[[rules]]
when = "quakes mag"

[[rules]]
when = "*: true"
notify = ["nobody"]     # another

[[rules]]
when = "quakes: mag >= 4"
cooldown = "60s"        # as usual
"""
RULES = st.builds(
    Rule,
    when=st.sampled_from(["quakes: mag >= 6", "quakes: mag >= 4", "*: a ~ 'x'", '*: a = "x"']),
    name=st.sampled_from(["", "big", "it's"]),
    hold=st.sampled_from([0.0, 0.5, 90.0]),
    cooldown=st.sampled_from([0.0, 60.0, 3600.0]),
    notify=st.sampled_from([(), ("bell", "toast"), ("phone", "bell")]),
    enabled=st.booleans(),
)


def rules_of(folder: Path, text: str) -> list[Rule]:
    file = folder / "collab.toml"
    file.write_text(text)
    environ = {"COLLAB_DASH_CONFIG": str(folder / "none.toml"), "COLLAB_DASH_TARGETS__PHONE__COMMAND": '["true"]'}
    return [msgspec.structs.replace(rule, id="") for rule in load_workspace(file, environ=environ).rules]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_file_gives_the_rules_that_were_written_into_it(tmp_path: Path, data: st.DataObject) -> None:
    was = rules_of(tmp_path, TEXT)
    assert len(was) == 2
    kept = [rule for rule in data.draw(st.permutations(was)) if data.draw(st.booleans())]
    wanted = [*kept, *data.draw(st.lists(RULES, max_size=3))]
    written = write_rules(TEXT, was, wanted)
    assert rules_of(tmp_path, written) == wanted
    assert write_rules(written, wanted, wanted) == written
    assert '# a mistake\n[[rules]]\nwhen = "quakes mag"\n' in written
    if kept:
        assert write_rules(TEXT, was, was) == TEXT
