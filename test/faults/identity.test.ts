/** Identity is killed with SIGKILL under a stream of writes, again and again: what was answered is there, what was not is whole or absent. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { until } from '../e2e/story/cloud.ts';
import { freePort } from '../fakes/free-port.ts';
import { hands, type IdentityHands, seededUsers } from '../fakes/identity.ts';
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
  return { by: hands(`http://127.0.0.1:${listen}`), begin, kill, auditFile };
}

/** Until the process dies at the n-th answer; the other writers are in the middle of something then. */
async function writeUntilDeath(by: IdentityHands, ledger: Ledger, dieAt: number, kill: () => Promise<void>) {
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

async function refuted(by: IdentityHands, ledger: Ledger): Promise<string[]> {
  const token = await by.admin();
  const found: string[] = [];
  for (const [name, check] of ledger) if (!(await check(by, token))) found.push(name);
  return found;
}

test('no answered write is lost, none is half done, and what was revoked stays so, wherever it was killed', async (t) => {
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
