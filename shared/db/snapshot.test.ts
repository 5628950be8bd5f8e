import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { findHold } from './hold.ts';
import { copyAtOnePoint, holdFile } from './snapshot.ts';
import { openSqlite } from './sqlite.ts';

/** Counts up in two files, always in the first one first. */
const writer = `
  const { DatabaseSync } = require('node:sqlite');
  const files = process.argv.slice(1).map((name) => new DatabaseSync(name));
  for (const file of files) file.exec('PRAGMA busy_timeout=15000; PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF; CREATE TABLE counts (n); INSERT INTO counts VALUES (0)');
  process.stdout.write('ready');
  for (let n = 1; ; n += 1) for (const file of files) file.exec('UPDATE counts SET n = ' + n);
`;

const countIn = (file: string): number => {
  const database = new DatabaseSync(file);
  const row = database.prepare('SELECT n FROM counts').get();
  database.close();
  return Number(row?.n);
};

test('copies of files that another process writes are of one point in time', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'snapshot-'));
  const [one, other] = ['one', 'other'].map((name) => join(folder, name)) as [string, string];
  const child = spawn(process.execPath, ['-e', writer, one, other], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(async () => {
    child.kill('SIGKILL');
    await once(child, 'close');
    rmSync(folder, { recursive: true });
  });
  await once(child.stdout, 'data');
  const counts: number[] = [];
  for (let round = 0; round < 8; round += 1) {
    const [first, second] = ['first', 'second'].map((name) => join(folder, `${name}${round}`)) as [string, string];
    await copyAtOnePoint([
      { from: one, to: first },
      { from: other, to: second },
    ]);
    const lead = countIn(first) - countIn(second);
    assert.ok(lead === 0 || lead === 1, `the first file is ${lead} ahead`);
    counts.push(countIn(first));
  }
  assert.ok((counts.at(-1) ?? 0) > (counts[0] ?? 0), 'the writer went on meanwhile');
});

test('a restored file is held, and a damaged one is refused', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'hold-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'a.sqlite');
  const made = new DatabaseSync(file);
  made.exec('CREATE TABLE things (name); INSERT INTO things VALUES (hex(randomblob(20000)))');
  made.close();
  await holdFile(file, 'restored');
  const db = openSqlite(file);
  t.after(() => db.destroy());
  assert.equal(await findHold(db), 'restored');
  const damaged = join(folder, 'b.sqlite');
  const bytes = readFileSync(file);
  writeFileSync(damaged, bytes.fill(7, 4096, 8000));
  await assert.rejects(holdFile(damaged, 'restored'), /damaged|malformed/);
});
