import assert from 'node:assert/strict';
import { test } from 'node:test';
import { run } from './run.ts';

test('OSSA-2014-036, OSSA-2016-002: a child process inherits no WATTLE_ and no OS_ variables', async (t) => {
  const secrets = {
    WATTLE_DATABASE: 'mysql://u:secret@h',
    OS_PASSWORD: 'secret',
    OS_TOKEN: 'secret',
    AMQP_URL: 'secret',
    NODE_OPTIONS: '--title=secret',
    LD_PRELOAD: '',
  };
  Object.assign(process.env, secrets);
  t.after(() => {
    for (const name of Object.keys(secrets)) delete process.env[name];
  });
  const { stdout } = await run(['env'], { env: { GIVEN: 'yes' } });
  assert.match(stdout, /^GIVEN=yes$/m);
  assert.match(stdout, /^PATH=/m);
  assert.doesNotMatch(stdout, /secret/);
  for (const name of Object.keys(secrets)) assert.doesNotMatch(stdout, new RegExp(`^${name}=`, 'm'));
});
