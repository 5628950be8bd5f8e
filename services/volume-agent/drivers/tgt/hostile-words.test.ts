/** Text of tenants (connectors, aliases of initiators) is never interpreted by tgtd or as its output. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { createConnection } from 'node:net';
import { test } from 'node:test';
import type { GrantSpec } from '#shared/contracts/volume-agent.ts';
import { Fault } from '#shared/errors/fault.ts';
import { blank, fileHost, grant, initiator, logIn, other, tgtTest } from '../../../../test/fakes/volume-host.ts';
import { askTgtd, encode, type Request } from './socket.ts';

const foreign = {
  ...other,
  id: 'a3',
  initiator: 'iqn.2026-11.test:mallory',
  user: 'mallory',
  secret: 'a-third-secret-16',
};

/** Lines as in tgtd's list of targets, which claim that target 1 is that volume's. */
const listed = (volumeId: string) =>
  `x\nTarget 1: iqn.2010-10.org.openstack:volume-${volumeId}\n    LUN information:\n        LUN: 1\n    Account information:\n        guard\n    ACL information:\n        x`;

tgtTest("an initiator name with lines of tgtd's list is refused, and no target changes", async (t) => {
  const { agent, directory } = await fileHost(t);
  const [hers, own, wanted] = [randomUUID(), randomUUID(), randomUUID()];
  for (const id of [hers, own, wanted]) await agent.ensureVolume({ id, sizeGb: 1, source: blank });
  const alice = await grant(agent, hers, initiator);
  assert.equal((await logIn(t, alice, initiator, 'write -P 7 0 4k')).code, 0);
  const before = await askTgtd(directory, { mode: 'target', op: 'show', tid: -1 });
  await assert.rejects(grant(agent, own, { ...other, initiator: listed(wanted) }), /is no iSCSI name/);
  assert.equal(await askTgtd(directory, { mode: 'target', op: 'show', tid: -1 }), before);
  const reached = await grant(agent, wanted, foreign);
  assert.notEqual((await logIn(t, { ...reached, iqn: alice.iqn }, foreign)).code, 0);
  assert.match((await logIn(t, reached, foreign, 'read -P 7 0 4k')).stdout, /Pattern verification failed/);
  await agent.ensureGrantGone({ id: foreign.id, volumeId: wanted });
  assert.equal((await logIn(t, alice, initiator, 'read -P 7 0 4k')).code, 0);
});

tgtTest("an initiator alias with lines of tgtd's list moves no grant to another target", async (t) => {
  const { agent, directory } = await fileHost(t);
  const [hers, own, wanted] = [randomUUID(), randomUUID(), randomUUID()];
  for (const id of [hers, own, wanted]) await agent.ensureVolume({ id, sizeGb: 1, source: blank });
  const alice = await grant(agent, hers, initiator);
  const mine = await grant(agent, own, other);
  const socket = await beginLogin(mine, other.initiator, listed(wanted));
  t.after(() => socket.destroy());
  await grant(agent, wanted, foreign);
  const target = (await askTgtd(directory, { mode: 'target', op: 'show', tid: -1 })).split(/^(?=Target \d+: )/m);
  const ofAlice = target.find((part) => part.includes(alice.iqn.slice(-36)) && /^Target 1: /.test(part));
  assert.ok(ofAlice && !ofAlice.includes(foreign.user) && !ofAlice.includes(foreign.initiator));
  assert.equal((await logIn(t, alice, initiator)).code, 0);
});

/** Sends the first request of an iSCSI login (RFC 7143): text keys end with zero bytes, values are arbitrary. */
async function beginLogin({ portal, iqn }: { portal: string; iqn: string }, name: string, alias: string) {
  const text = Buffer.from(
    [
      `InitiatorName=${name}`,
      `InitiatorAlias=${alias}`,
      `TargetName=${iqn}`,
      'SessionType=Normal',
      'AuthMethod=CHAP',
      '',
    ].join('\0'),
  );
  const header = Buffer.alloc(48);
  header.writeUInt8(0x43, 0);
  header.writeUInt8(0x81, 1);
  header.writeUIntBE(text.length, 5, 3);
  header.writeUInt8(0x80, 8);
  const [host = '', port = ''] = portal.split(':');
  const socket = createConnection({ host, port: Number(port) });
  socket.write(Buffer.concat([header, text, Buffer.alloc((4 - (text.length % 4)) % 4)]));
  await new Promise((resolve, reject) => socket.once('data', resolve).once('error', reject));
  return socket;
}

/** Characters with a meaning for tgtd, its list or a shell, and some without. */
const characters = 'aZ0.:-_,=\n\r\0 \t"\'\\/%é\u2028*';
const hostileTexts = (count: number): string[] =>
  Array.from({ length: count }, (_, seed) =>
    Array.from(
      { length: 1 + (seed % 40) },
      (__, at) => characters[(seed * 31 + at * 17 + seed * at) % characters.length],
    ).join(''),
  );

test('every parameter is sent to tgtd as one well-formed value, or refused', () => {
  for (const text of hostileTexts(3_000))
    for (const key of ['initiator-name', 'targetname', 'user', 'password', 'path']) {
      const request: Request = { mode: 'target', op: 'bind', tid: 1, params: { [key]: text } };
      if (/^[\w.:/-]{1,255}$/.test(text)) assert.equal(encode(request).subarray(120).toString(), `${key}=${text}\0`);
      else assert.throws(() => encode(request), Fault, JSON.stringify(text));
    }
});

tgtTest('a grant with a malformed field is refused by name, and no target changes', async (t) => {
  const { agent, directory } = await fileHost(t);
  const id = randomUUID();
  await agent.ensureVolume({ id, sizeGb: 1, source: blank });
  await grant(agent, id, initiator);
  const before = await askTgtd(directory, { mode: 'target', op: 'show', tid: -1 });
  const whole: GrantSpec = { volumeId: id, readOnly: false, ...other };
  for (const text of hostileTexts(150))
    for (const key of ['id', 'initiator', 'user', 'secret'] as const) {
      if (/^[\w.:-]*$/.test(text)) continue;
      await assert.rejects(
        agent.ensureGrant({ ...whole, [key]: text }),
        { status: 400 },
        `${key} ${JSON.stringify(text)}`,
      );
    }
  for (const name of [
    'x',
    'ALL',
    'iqn.2026-11.test:a,b',
    'iqn.26-11.test',
    'eui.123',
    `iqn.2026-11.test:${'a'.repeat(223)}`,
  ])
    await assert.rejects(agent.ensureGrant({ ...whole, initiator: name }), /is no iSCSI name/);
  assert.equal(await askTgtd(directory, { mode: 'target', op: 'show', tid: -1 }), before);
});

tgtTest('an account of one volume cannot log in to another', async (t) => {
  const { agent } = await fileHost(t);
  const [hers, own] = [randomUUID(), randomUUID()];
  for (const id of [hers, own]) await agent.ensureVolume({ id, sizeGb: 1, source: blank });
  const alice = await grant(agent, hers, initiator);
  await grant(agent, own, other);
  assert.notEqual((await logIn(t, alice, { ...other, initiator: initiator.initiator })).code, 0);
  await assert.rejects(grant(agent, own, { ...initiator, id: 'a9' }), /belongs to another volume/);
  assert.equal((await logIn(t, alice, initiator)).code, 0);
});

tgtTest('a target that no record explains is not used for a volume: tgtd is restarted', async (t) => {
  const { agent, directory } = await fileHost(t);
  const [first, second] = [randomUUID(), randomUUID()];
  for (const id of [first, second]) await agent.ensureVolume({ id, sizeGb: 1, source: blank });
  const existing = await grant(agent, first, initiator);
  await askTgtd(directory, { mode: 'target', op: 'new', tid: 2, params: { targetname: 'iqn.2026-11.test:unknown' } });
  const reached = await grant(agent, second, other);
  const listing = await askTgtd(directory, { mode: 'target', op: 'show', tid: -1 });
  assert.doesNotMatch(listing, /unknown/);
  assert.equal((await logIn(t, existing, initiator)).code, 0);
  assert.equal((await logIn(t, reached, other)).code, 0);
});
