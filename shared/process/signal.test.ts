import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { sendSignal, sendSignalToGroup } from './signal.ts';

test('a pid that names no process, or several, is refused', () => {
  // SIGCONT: should a wrong pid pass, nothing happens to the processes it would reach.
  for (const pid of [undefined, 0, -0, 1, -1, -2, 1.5, Number.NaN, Number.POSITIVE_INFINITY])
    for (const send of [sendSignal, sendSignalToGroup])
      assert.throws(() => send(pid, 'SIGCONT'), /no process can be signalled as pid/);
});

test('one process, or the group that it leads, gets the signal', async () => {
  for (const send of [sendSignal, sendSignalToGroup]) {
    const child = spawn('sleep', ['60'], { detached: true });
    const ended = once(child, 'exit');
    send(child.pid, 'SIGTERM');
    assert.deepEqual(await ended, [null, 'SIGTERM']);
  }
});
