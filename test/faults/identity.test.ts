/** Identity is killed with SIGKILL under a stream of writes, again and again: what was answered is there, what was not is whole or absent. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import type { Knex } from 'knex';
import { settingsOf } from '#shared/config/settings.ts';
import { openDatabase } from '#shared/db/open.ts';
import { openKeyRing } from '../../services/identity/keys/operations.ts';
import { rotateKeys } from '../../services/identity/keys/store.ts';
import { until } from '../e2e/story/cloud.ts';
import { freePort } from '../fakes/free-port.ts';
import { clientOf, type IdentityClient, many, seededUsers } from '../fakes/identity.ts';
import { type Ledger, stories } from './identity-writes.ts';

const deaths = 4;
const writers = 4;

async function open(t: TestContext) {
  const home = mkdtempSync(join(tmpdir(), 'killed-'));
  mkdirSync(join(home, 'secrets'));
  for (const name of seededUsers) writeFileSync(join(home, 'secrets', name), `${name}-password`);
  const [listen, auditFile] = [await freePort(), join(home, 'audit.log')];
  const settings = JSON.stringify({
    cloud: { var: home },
    identity: { listen, auditFile, argonKib: 64, argonPasses: 1 },
  });
  let running: ChildProcess | undefined;
  const kill = async () => {
    if (!running || running.exitCode !== null || running.signalCode !== null) return;
    const gone = once(running, 'exit');
    running.kill('SIGKILL');
    await gone;
  };
  t.after(async () => {
    await kill();
    rmSync(home, { recursive: true });
  });
  const begin = async () => {
    running = spawn(process.execPath, [join(import.meta.dirname, 'identity-process.ts'), settings], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [words] = await once(running.stdout as NodeJS.ReadableStream, 'data');
    assert.match(String(words), /ready/);
  };
  /** Kills a start as soon as its database has so many bytes: in the middle of migrations and first data. */
  const breakOff = async (atBytes: number) => {
    const child = spawn(process.execPath, [join(import.meta.dirname, 'identity-process.ts'), settings], {
      stdio: 'ignore',
    });
    const gone = once(child, 'exit');
    const file = join(home, 'db', 'identity.sqlite');
    const bytes = () =>
      [file, `${file}-wal`].reduce((sum, each) => sum + (statSync(each, { throwIfNoEntry: false })?.size ?? 0), 0);
    for (const giveUp = Date.now() + 20_000; bytes() < atBytes && Date.now() < giveUp; ) await setImmediate();
    child.kill('SIGKILL');
    await gone;
  };
  return { by: clientOf(`http://127.0.0.1:${listen}`), begin, kill, breakOff, auditFile, settings };
}

/** Until the process dies at the n-th answer; the other writers are in the middle of something then. */
async function writeUntilDeath(by: IdentityClient, ledger: Ledger, dieAt: number, kill: () => Promise<void>) {
  const token = await by.admin();
  let answers = 0;
  let dead: Promise<void> | undefined;
  const answered = () => {
    answers += 1;
    if (answers === dieAt) dead = kill();
  };
  const live = async (first: number) => {
    for (let at = first; dead === undefined; at += 1)
      try {
        await stories[at % stories.length]?.({ by, token, ledger, answered });
      } catch (error) {
        if (dead === undefined) throw error; // before the death nothing may fail
      }
  };
  await Promise.all(Array.from({ length: writers }, (_, at) => live(at + Math.floor(Math.random() * stories.length))));
  await dead;
}

async function refuted(by: IdentityClient, ledger: Ledger): Promise<string[]> {
  const token = await by.admin();
  const found: string[] = [];
  for (const [name, check] of ledger) if (!(await check(by, token))) found.push(name);
  return found;
}

test('K59, D16: no answered write is lost, none is half done, and what was revoked stays so, wherever it was killed', async (t) => {
  const { by, begin, kill, auditFile } = await open(t);
  const ledger: Ledger = new Map();
  await begin();
  for (let death = 0; death < deaths; death += 1) {
    const dieAt = 10 + Math.floor(Math.random() * 40);
    await writeUntilDeath(by, ledger, dieAt, kill);
    await begin();
    assert.deepEqual(await refuted(by, ledger), [], `killed at answer ${dieAt}`);
  }
  assert.ok(ledger.size > deaths, `${ledger.size} things to look at`);
  t.diagnostic(`${deaths} deaths, ${ledger.size} things that hold`);
  const users = [...ledger.keys()].filter((name) => /^[0-9a-f]{32}$/.test(name));
  const told = () => (existsSync(auditFile) ? readFileSync(auditFile, 'utf8') : ''); // a quick machine is here before it
  const untold = () => users.filter((id) => !told().includes(id));
  await until('every change is told', async () => untold().length === 0, 15_000);
});

test('K61: a first start that is killed in the middle of its tables and first data is finished by the next', async (t) => {
  const { by, begin, breakOff } = await open(t);
  for (const bytes of [1, 30_000, 150_000, 300_000, 450_000]) await breakOff(bytes);
  await begin();
  const token = await by.admin();
  const users = many(await by.ask('GET', '/users', { token }), 'users');
  assert.deepEqual(users.map(({ name }) => name).toSorted(), [...seededUsers].toSorted(), 'each once');
  assert.equal(many(await by.ask('GET', '/roles', { token }), 'roles').length, 5);
});

test('K60: a rotation of keys that is killed leaves one key that signs, one that is staged, and every token good', async (t) => {
  const { by, begin, kill, settings } = await open(t);
  await begin();
  const token = await by.admin();
  await kill();
  const ring = openKeyRing(settingsOf(JSON.parse(settings)));
  t.after(() => ring.close());
  const db = openDatabase(`sqlite:${join(JSON.parse(settings).cloud.var, 'db', 'identity.sqlite')}`);
  t.after(() => db.destroy());
  const before = await ring.list();
  for (let statements = 1; statements < 20; statements += 1) {
    const broken = db.transaction((tx) => rotateKeys(failingAfter(tx, statements), 1000));
    if (
      await broken.then(
        () => true,
        () => false,
      )
    )
      break;
    assert.deepEqual(await ring.list(), before, `broken off at statement ${statements}`);
  }
  await ring.rotateTokens();
  const states = (await ring.list()).map(({ state }) => state);
  assert.deepEqual(
    [states.filter((each) => each === 'active').length, states.filter((each) => each === 'staged').length],
    [1, 1],
  );
  await begin();
  assert.equal((await by.ask('GET', '/auth/tokens', { token, headers: { 'x-subject-token': token } })).status, 200);
});

/** The transaction, dying when it is used for the n-th time. */
function failingAfter(tx: Knex, uses: number): Knex {
  let left = uses;
  return new Proxy(tx, {
    apply: (target, self, args) => {
      left -= 1;
      if (left === 0) throw new Error('killed');
      return Reflect.apply(target as (...all: unknown[]) => unknown, self, args);
    },
  });
}
