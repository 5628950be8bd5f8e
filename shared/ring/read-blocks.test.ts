import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { PassThrough, Readable } from 'node:stream';
import { test } from 'node:test';
import { crc32 } from 'node:zlib';
import { type Block, blockBytes } from '#shared/contracts/object-agent.ts';
import { Interrupted, readBlocks } from './read-blocks.ts';
import { isoOf, newTimestamp, timestampOf } from './timestamp.ts';

test('blocks have one size, whatever the chunks were, and come one at a time', async () => {
  const content = randomBytes(2 * blockBytes + 12_345);
  const chunks = [content.subarray(0, 10), content.subarray(10, blockBytes + 1), content.subarray(blockBytes + 1)];
  const blocks: Block[] = [];
  let underway = 0;
  const onBlock = async (block: Block) => {
    assert.equal(underway++, 0);
    await new Promise((go) => setImmediate(go));
    underway -= 1;
    blocks.push(block);
  };
  await readBlocks(Readable.from(chunks), { onBlock });
  assert.deepEqual(
    blocks.map(({ bytes }) => bytes),
    [blockBytes, blockBytes, 12_345],
  );
  assert.ok(Buffer.concat(blocks.flatMap((block) => block.chunks)).equals(content));
  for (const { chunks: parts, crc } of blocks) assert.equal(crc, crc32(Buffer.concat(parts)));
});

test('the memory of a request is freed with each block, and that of other sources is not', async (t) => {
  const content = randomBytes(3 * blockBytes + 12_345);
  const server = createServer();
  t.after(() => server.close());
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  const sent = request({ port, method: 'PUT' }).on('error', () => {});
  sent.end(content);
  const [req, res] = await once(server, 'request');
  const chunks: Buffer[] = [];
  const hash = createHash('md5');
  const onBlock = async (block: Block) => {
    await new Promise((go) => setImmediate(go));
    for (const chunk of block.chunks) hash.update(chunk);
  };
  await readBlocks(req, { onChunk: (chunk) => chunks.push(chunk), onBlock });
  res.end();
  assert.equal(hash.digest('hex'), createHash('md5').update(content).digest('hex'));
  const left = chunks.reduce((sum, { length }) => sum + length, 0);
  assert.ok(left < blockBytes, `${left} bytes are still there`);
  await readBlocks(Readable.from([content]), { onBlock: async () => {} });
  assert.equal(content.length, 3 * blockBytes + 12_345);
});

test('a fast sender waits for a slow reader', async () => {
  let sent = 0;
  const source = new Readable({
    read() {
      sent += 1;
      this.push(sent > 100 ? null : Buffer.alloc(blockBytes));
    },
  });
  let taken = 0;
  let furthest = 0;
  const onBlock = async () => {
    await new Promise((go) => setTimeout(go, 1));
    furthest = Math.max(furthest, sent - taken);
    taken += 1;
  };
  await readBlocks(source, { onBlock });
  assert.equal(taken, 100);
  assert.ok(furthest <= 5, `${furthest} blocks ahead`);
});

test('a disconnected sender, a failing onBlock and a throwing onChunk end it', async () => {
  const gone = new PassThrough();
  const interrupted = readBlocks(gone, { onBlock: async () => {} });
  gone.write('x');
  gone.destroy();
  await assert.rejects(interrupted, Interrupted);
  const full = async () => {
    throw new Error('full');
  };
  await assert.rejects(readBlocks(Readable.from([Buffer.alloc(10)]), { onBlock: full }), /full/);
  const onChunk = () => {
    throw new Error('too large');
  };
  await assert.rejects(readBlocks(Readable.from([Buffer.alloc(10)]), { onBlock: full, onChunk }), /too large/);
  await assert.rejects(readBlocks(new PassThrough(), { onBlock: full, idleMs: 5 }), Interrupted);
});

test('timestamps grow, and sort as text', () => {
  const many = Array.from({ length: 1000 }, newTimestamp);
  assert.deepEqual(
    many.toSorted((a, b) => (a < b ? -1 : 1)),
    many,
  );
  assert.equal(new Set(many).size, 1000);
  assert.match(many[0] ?? '', /^\d{10}\.\d{5}$/);
  assert.ok(Math.abs(Number(many[0]) - Date.now() / 1000) < 5);
  assert.equal(isoOf(timestampOf(1_795_473_889.8574)), '2026-11-23T22:44:49.857400');
});
