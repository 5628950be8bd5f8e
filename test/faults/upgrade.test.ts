/** Releases change while work goes on: schemas grow under running code, and processes are asked to end. */
import assert from 'node:assert/strict';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import express from 'express';
import { ensureColumn, ensureTable, type Migration, migrate } from '#shared/db/migrate.ts';
import { openDatabase } from '#shared/db/open.ts';
import { createTunedServer, listen } from '#shared/http/server.ts';
import { type DatabaseKind, databaseIn, databaseKinds, skipped } from '../fakes/databases.ts';

const things: Migration = {
  name: '001-things',
  up: (tx) =>
    ensureTable(tx, 'things', (t) => {
      t.string('id', 36).primary();
      t.integer('version').notNullable();
    }),
};
const more: Migration = {
  name: '002-more',
  up: async (tx) => {
    await ensureColumn(tx, 'things', 'colour', (t) => t.string('colour', 16).notNullable().defaultTo('red'));
    await ensureTable(tx, 'shades', (t) => {
      t.string('id', 36).primary();
    });
  },
};

async function open(t: TestContext, kind: DatabaseKind) {
  const folder = mkdtempSync(join(tmpdir(), 'upgrade-'));
  const { url, drop } = databaseIn(folder, kind);
  const [old, fresh] = [openDatabase(url), openDatabase(url)];
  t.after(async () => {
    await Promise.all([old.destroy(), fresh.destroy()]);
    await drop();
    rmSync(folder, { recursive: true });
  });
  await migrate(old, [things]);
  return { old, fresh, file: join(folder, 'rows.sqlite') };
}

for (const kind of databaseKinds)
  test(`U04: the schema grows under code of the release before, which goes on, and starts no more (${kind})`, {
    skip: skipped(kind),
  }, async (t) => {
    const { old, fresh } = await open(t, kind);
    let going = true;
    let written = 0;
    const write = async () => {
      while (going) {
        const id = `old-${written}`;
        await old('things').insert({ id, version: 1 });
        await old('things').where({ id }).update({ version: 2 });
        assert.equal((await old('things').where({ id }).first('version')).version, 2);
        written += 1;
        await sleep(1);
      }
    };
    const writing = write();
    while (written < 5) await sleep(2);
    await migrate(fresh, [things, more]);
    await fresh('things').insert({ id: 'new', version: 1, colour: 'blue' });
    const before = written;
    while (written < before + 5) await sleep(2);
    going = false;
    await writing;
    assert.equal((await fresh('things').where({ id: 'old-0' }).first('colour')).colour, 'red');
    assert.equal((await old('things').where({ id: 'new' }).first('version')).version, 1);
    await assert.rejects(migrate(old, [things]), /belongs to a later release \(it has 002-more\)/);
    await migrate(fresh, [things, more]);
  });

test('D18: a database of which a byte has changed stops the start, and is left as it is', async (t) => {
  const { old, fresh, file } = await open(t, 'sqlite');
  await old('things').insert(Array.from({ length: 500 }, (_, at) => ({ id: `thing-${at}`, version: at })));
  await Promise.all([old.destroy(), fresh.destroy()]);
  const bytes = readFileSync(file);
  const page = bytes.readUInt16BE(16);
  for (const at of [0, 2 * page, 3 * page]) {
    const damaged = openSync(file, 'r+');
    writeSync(damaged, Buffer.from([(bytes[at] ?? 0) ^ 255]), 0, 1, at);
    const broken = readFileSync(file);
    const db = openDatabase(`sqlite:${file}`);
    await assert.rejects(migrate(db, [things]), /damaged|malformed|not a database/, `byte ${at}`);
    await db.destroy();
    assert.ok(readFileSync(file).equals(broken), `byte ${at}`);
    writeSync(damaged, bytes, at, 1, at);
    closeSync(damaged);
  }
  const whole = openDatabase(`sqlite:${file}`);
  await migrate(whole, [things]);
  await whole.destroy();
});

test('U06: a server that is asked to end answers what it has accepted, takes nothing new, and lets no slow caller hold it', async () => {
  const [reached, goOn] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const app = express();
  app.get('/slow', async (_req, res) => {
    reached.resolve();
    await goOn.promise;
    res.json({ done: true });
  });
  app.get('/quick', (_req, res) => void res.json({ done: true }));
  const server = createTunedServer(app);
  const listening = await listen(server, { host: '127.0.0.1', port: 0 });
  const { port } = server.address() as AddressInfo;
  const idle = new http.Agent({ keepAlive: true });
  await get(port, '/quick', idle); // its connection stays open, without a request
  const slow = get(port, '/slow');
  await reached.promise;
  const closed = listening.close();
  await sleep(1_200); // longer than callers were once given
  await assert.rejects(get(port, '/quick'), { code: 'ECONNREFUSED' });
  goOn.resolve();
  const answer = await slow;
  assert.deepEqual(answer, { body: '{"done":true}', connection: 'close' });
  await closed;
  idle.destroy();
});

function get(port: number, path: string, agent = new http.Agent()): Promise<{ body: string; connection?: string }> {
  return new Promise((resolve, reject) => {
    const asked = http.get({ port, path, agent, host: '127.0.0.1' }, (res) => {
      let body = '';
      res.setEncoding('utf8').on('data', (text: string) => {
        body += text;
      });
      res.on('end', () => resolve({ body, connection: String(res.headers.connection) }));
    });
    asked.on('error', reject);
  });
}
