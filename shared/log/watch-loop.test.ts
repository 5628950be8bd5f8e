import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openLog } from './log.ts';
import { watchLoop } from './watch-loop.ts';

function block(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until) JSON.parse('{"a":[1,2,3]}');
}

test('Q06: a blocked event loop is logged with its length and the stack of what blocked it', async (t) => {
  const logged = Promise.withResolvers<{ ms: number; stack: string[]; msg: string }>();
  const log = openLog({}, (line) => logged.resolve(JSON.parse(line)));
  const watch = watchLoop({ log, stallMs: 60 });
  t.after(watch.close);
  const blocking = setInterval(() => block(500), 30);
  const { ms, stack, msg } = await logged.promise;
  clearInterval(blocking);
  assert.equal(msg, 'the event loop was blocked');
  assert.ok(ms >= 60 && ms < 60_000, String(ms));
  assert.ok(
    stack.some((frame) => /^block .*watch-loop\.test\.ts:\d+$/.test(frame)),
    stack.join('\n'),
  );
});
