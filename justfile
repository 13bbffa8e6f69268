# What a contributor runs. Each line also runs without just, in the environment that CONTRIBUTING.md makes.

# Format, lint, types, layers
check:
    ruff format --check .
    ruff check .
    mypy
    lint-imports

# All tests
test *ARGS:
    pytest -n 2 --dist loadgroup {{ARGS}}

# A thousand rounds of several peers who edit while lines break and hubs are killed; CI runs fifty
fuzz:
    FUZZ_ROUNDS=1000 FUZZ_FIRST=1000 pytest -q tests/hub/test_shared_rounds.py

# The figures that the project claims; run them on a quiet machine
bench:
    for name in through_hub ingest sse_decoding idle_feeds latency append rules startup first_paint board shared_edits shared_relay cursors; do python bench/$name.py; done

# The pictures in screenshots/, from the running program
screenshots:
    python screenshots/make.py

# Pin every dependency anew, with hashes
lock:
    uv pip compile --upgrade --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --group build pyproject.toml -o requirements/app.txt
    uv pip compile --upgrade --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --all-extras --group dev pyproject.toml -c requirements/app.txt -o requirements/dev.txt

# What runs before a change lands: all of the above in a fresh clone and environment
ci:
    .ci/run
