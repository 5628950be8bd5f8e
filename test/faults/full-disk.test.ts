/** Disks fill, for real: what was asked is refused with the reason, nothing half-written stays, and all goes on after it. */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, statfsSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { type TestContext, test } from 'node:test';
import { request } from '#shared/clients/http.ts';
import { openReserve } from '#shared/files/reserve.ts';
import { openLog } from '#shared/log/log.ts';
import { run, tryRun } from '#shared/process/run.ts';
import { openImages } from '../fakes/image-api.ts';

const options = { skip: process.getuid?.() === 0 ? false : 'needs root' };

/** A file system of its own, of a few MiB. */
async function smallDisk(t: TestContext, mib: number) {
  const folder = mkdtempSync(join(tmpdir(), 'full-'));
  await run(['mount', '-t', 'tmpfs', '-o', `size=${mib}m`, 'tmpfs', folder]);
  const ballast = join(folder, 'ballast');
  /** Takes all that is left, to the last block. */
  const fill = () => {
    const { bavail, bsize } = statfsSync(folder);
    writeFileSync(ballast, Buffer.alloc(bavail * bsize));
  };
  t.after(async () => {
    await tryRun(['umount', '-l', folder]);
    rmSync(folder, { recursive: true });
  });
  return { folder, fill, clear: () => truncateSync(ballast, 0) };
}

test(
  'S01: an image that the disk has no room for is refused, announced or not, and leaves no byte',
  options,
  async (t) => {
    const disk = await smallDisk(t, 4);
    const { make, upload, ask, base, files } = await openImages(t, { folder: disk.folder });
    const id = await make();
    const bytes = Buffer.alloc(8 * 2 ** 20, 1);
    const announced = await upload(id, bytes);
    assert.deepEqual([announced.status, /not enough disk space/.test(announced.body.message)], [413, true]);
    const body = Readable.from([bytes.subarray(0, 2 ** 20), bytes.subarray(2 ** 20)]);
    const headers = { 'content-type': 'application/octet-stream', 'x-project': 'mine' };
    assert.equal((await request(`${base}/v2/images/${id}/file`, { method: 'PUT', headers, body })).status, 413);
    assert.deepEqual(files(), []);
    assert.equal((await ask('GET', `/v2/images/${id}`)).body.status, 'queued');
    assert.equal((await upload(id, bytes.subarray(0, 2 ** 20))).status, 204);
  },
);

test(
  'S01: uploads stop before the disk is full, so that rows can be written and images deleted',
  options,
  async (t) => {
    const disk = await smallDisk(t, 40);
    const database = `sqlite:${join(disk.folder, 'image.sqlite')}`;
    const endpoint = await openImages(t, { folder: join(disk.folder, 'bytes'), database, reserveMb: 1_024 });
    const { make, upload, ask, files } = endpoint;
    const [kept, ...others] = await Promise.all([1, 2, 3, 4, 5].map(() => make()));
    assert.equal((await upload(kept ?? '', Buffer.alloc(8 * 2 ** 20, 1))).status, 204);
    const answers = await Promise.all(others.map((id) => upload(id, Buffer.alloc(16 * 2 ** 20, 1))));
    const statuses = answers.map(({ status }) => status);
    assert.ok(statuses.includes(413) && statuses.every((status) => [204, 413].includes(status)), statuses.join());
    const { bavail, bsize } = statfsSync(disk.folder);
    assert.ok(bavail * bsize > 2 ** 20, `${bavail * bsize} bytes are left`);
    assert.equal((await ask('DELETE', `/v2/images/${kept}`)).status, 204);
    assert.equal(files().length, statuses.filter((status) => status === 204).length);
    assert.equal((await upload(await make(), Buffer.alloc(4 * 2 ** 20, 1))).status, 204);
  },
);

test(
  'D17: a database whose disk is full refuses what it cannot keep, says why in the log, and goes on',
  options,
  async (t) => {
    const disk = await smallDisk(t, 8);
    const lines: string[] = [];
    const log = openLog({}, (line) => lines.push(line));
    const { ask, make } = await openImages(t, { database: `sqlite:${join(disk.folder, 'image.sqlite')}`, log });
    const list = async () => (await ask('GET', '/v2/images')).body.images.map(({ name }) => name);
    const spec = { name: 'late', disk_format: 'raw', container_format: 'bare', note: 'x'.repeat(60_000) };
    await make({ name: 'early' });
    disk.fill();
    const refused = await ask('POST', '/v2/images', { body: spec });
    assert.equal(refused.status, 503);
    assert.match(refused.body.message, /disk of the controller is full/);
    assert.ok(
      lines.some((line) => /database or disk is full/.test(line)),
      lines.join(),
    );
    assert.deepEqual(await list(), ['early']);
    disk.clear();
    assert.equal((await ask('POST', '/v2/images', { body: spec })).status, 201);
    assert.deepEqual(await list(), ['late', 'early']);
    assert.ok(readdirSync(disk.folder).includes('image.sqlite'));
  },
);

test(
  'S01: an upload to a disk that is full to the last block is told so as by Glance, and deletes go on',
  options,
  async (t) => {
    const disk = await smallDisk(t, 16);
    const database = `sqlite:${join(disk.folder, 'image.sqlite')}`;
    const endpoint = await openImages(t, { folder: join(disk.folder, 'bytes'), database });
    const reserve = openReserve({ file: join(disk.folder, 'reserve'), bytes: 2 ** 20 });
    t.after(() => reserve.close());
    const [kept, late] = [await endpoint.make(), await endpoint.make()];
    await endpoint.upload(kept, Buffer.alloc(2 ** 20, 1));
    disk.fill();
    reserve.spend();
    assert.ok(reserve.isShort());
    const refused = await endpoint.upload(late, Buffer.alloc(4 * 2 ** 20, 1));
    assert.deepEqual([refused.status, /not enough disk space/.test(refused.body.message)], [413, true]);
    assert.equal((await endpoint.ask('DELETE', `/v2/images/${kept}`)).status, 204);
    assert.deepEqual(endpoint.files(), []);
  },
);
