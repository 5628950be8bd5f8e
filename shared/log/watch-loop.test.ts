import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openLog } from './log.ts';
import { watchLoop } from './watch-loop.ts';

function standStill(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until) JSON.parse('{"a":[1,2,3]}');
}

test('Q06: a loop that stands still is told of, with how long and the stack of what held it', async (t) => {
  const told = Promise.withResolvers<{ ms: number; stack: string[]; msg: string }>();
  const log = openLog({}, (line) => told.resolve(JSON.parse(line)));
  const watch = watchLoop({ log, stallMs: 60 });
  t.after(watch.close);
  const standing = setInterval(() => standStill(500), 30);
  const { ms, stack, msg } = await told.promise;
  clearInterval(standing);
  assert.equal(msg, 'the event loop stood still');
  assert.ok(ms >= 60 && ms < 60_000, String(ms));
  assert.ok(
    stack.some((frame) => /^standStill .*watch-loop\.test\.ts:\d+$/.test(frame)),
    stack.join('\n'),
  );
});
