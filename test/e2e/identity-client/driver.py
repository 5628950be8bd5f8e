"""The stock client, unmodified, as one process for many commands.

Prints its identity commands first; then reads one JSON list of arguments per line and answers each with exit code, stdout and stderr.
"""
import importlib.metadata
import io
import json
import logging
import sys
from contextlib import redirect_stderr, redirect_stdout

from openstackclient import shell
from openstackclient.common.clientmanager import ClientManager
from osc_lib.clientmanager import ClientCache

groups = ('openstack.identity.v3', 'openstack.common')


def own_commands():
    points = (point for dist in importlib.metadata.distributions() for point in dist.entry_points)
    return sorted({(point.group, point.name.replace('_', ' ')) for point in points if point.group in groups})


def forget():
    """What a process keeps beyond one command: clients with the login of the last one, log handlers with its stderr."""
    logging.getLogger().handlers.clear()
    for cached in (cached for kind in ClientManager.__mro__ for cached in vars(kind).values()):
        if isinstance(cached, ClientCache):
            cached._handle = None


def exit_code(end):
    """As sys.exit takes it."""
    if end is None or isinstance(end, int):
        return int(end or 0)
    print(end, file=sys.stderr)
    return 1


def run(words):
    forget()
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        try:
            code = exit_code(shell.main(words))
        except SystemExit as end:
            code = exit_code(end.code)
    return {'code': code, 'stdout': out.getvalue(), 'stderr': err.getvalue()}


def say(what):
    print(json.dumps(what), flush=True)


say(own_commands())
for line in sys.stdin:
    say(run(json.loads(line)))
