import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openIdentity } from '../fakes/identity.ts';
import { until } from './story/cloud.ts';

interface Event {
  readonly action: string;
  readonly outcome: string;
  readonly initiator: { readonly id: string };
  readonly target: { readonly id: string };
}

test('logins and writes leave events that say who, what and how it ended, and no secret', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'audit-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const auditFile = join(folder, 'audit.log');
  const world = await openIdentity(t, { auditFile });
  const ann = await world.person('ann', ['member']);
  await world.logIn({ id: ann.id, password: 'wrong-secret' });
  await world.ask('PATCH', `/users/${ann.id}`, { token: ann.token, body: { user: { name: 'x' } } });
  const text = () => (existsSync(auditFile) ? readFileSync(auditFile, 'utf8') : '');
  const events = () =>
    text()
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Event);
  await until('all events are written', async () => events().some(({ action }) => action === 'updated.user'), 15_000);
  const said = events().map(({ action, outcome }) => `${action} ${outcome}`);
  for (const line of ['authenticate success', 'authenticate failure', 'created.user success', 'updated.user failure'])
    assert.ok(said.includes(line), `${line} in ${said.join(', ')}`);
  const made = events().find(({ action }) => action === 'created.user');
  assert.equal(made?.target.id, ann.id);
  assert.equal(events().find(({ action }) => action === 'updated.user')?.initiator.id, ann.id);
  assert.ok(!/wrong-secret|ann-password|eyJ/.test(text()));
});
