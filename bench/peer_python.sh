#!/bin/sh
# Prints a Python that has Haystack: $BERTH_PEER_PYTHON, else python3 where it has it, else that of an environment in the
# cache, which is made once.
set -eu
if [ -n "${BERTH_PEER_PYTHON:-}" ]; then
  echo "$BERTH_PEER_PYTHON"
elif python3 -c 'import importlib.util, sys; sys.exit(importlib.util.find_spec("haystack") is None)'; then
  echo python3
else
  environment=${XDG_CACHE_HOME:-$HOME/.cache}/berth/haystack-2.31.0
  if [ ! -x "$environment/bin/python" ]; then
    python3 -m venv "$environment.tmp" >&2
    "$environment.tmp/bin/python" -m pip install --quiet haystack-ai==2.31.0 >&2
    mv "$environment.tmp" "$environment"
  fi
  echo "$environment/bin/python"
fi
