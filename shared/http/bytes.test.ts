import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, get, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { type Bytes, sendBytes } from './bytes.ts';

const pieceBytes = 256 * 1024;

/** So many pieces; the log says what became of them. */
function pieces(count: number) {
  const content = randomBytes(pieceBytes);
  const given: Buffer[] = [];
  const closed = Promise.withResolvers<void>();
  const read = async () => {
    if (given.length === count) return undefined;
    given.push(Buffer.concat([content]));
    return given.at(-1);
  };
  const bytes: Bytes = { read, close: async () => closed.resolve() };
  return { bytes, content, given, closed: closed.promise };
}

async function answerOf(t: TestContext, bytes: Bytes): Promise<IncomingMessage> {
  const server = createServer((_req, res) => void sendBytes(bytes, res));
  t.after(() => server.close());
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  const [answer] = await once(get({ port, agent: false }), 'response');
  return answer as IncomingMessage;
}

test('an answer has all chunks in order, and the memory of each is freed', async (t) => {
  const { bytes, content, given, closed } = pieces(20);
  const answer = await answerOf(t, bytes);
  const chunks: Buffer[] = [];
  for await (const chunk of answer) chunks.push(chunk as Buffer);
  assert.ok(Buffer.concat(chunks).equals(Buffer.concat(Array(20).fill(content))));
  await closed;
  assert.deepEqual(new Set(given.map(({ length }) => length)), new Set([0]));
});

test('a client that disconnects ends the reading', async (t) => {
  const { bytes, given, closed } = pieces(Number.POSITIVE_INFINITY);
  const answer = await answerOf(t, bytes);
  await once(answer, 'readable');
  answer.destroy();
  await closed;
  assert.ok(given.length > 0);
});
