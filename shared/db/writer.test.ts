import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Connector, NoWriter, type Server, watchWriter } from './writer.ts';

interface Link {
  readonly host: string;
  error?: Error;
}

const servers: Server[] = ['a', 'b', 'c'].map((host) => ({ host, port: 3306 }));

/** Servers by name: one that hangs takes connections and answers nothing. */
function serversInTest(states: Record<string, 'writer' | 'read-only' | 'dead' | 'hangs'>) {
  const opened: Link[] = [];
  const connector: Connector<Link> = {
    connect: async ({ host }) => {
      if (states[host] === 'dead') throw Object.assign(new Error('refused'), { code: 'ECONNREFUSED' });
      const link = { host };
      opened.push(link);
      return link;
    },
    isWritable: ({ host }) =>
      states[host] === 'hangs' ? new Promise(() => {}) : Promise.resolve(states[host] === 'writer'),
    destroy: (link, reason) => {
      link.error = reason;
    },
    isOpen: ({ error }) => error === undefined,
  };
  return { connector, opened };
}

const quick = { checkMs: 5, answerMs: 20 };

test('the server that accepts writes is found among read-only and dead ones, and probes are closed', async () => {
  const { connector, opened } = serversInTest({ a: 'dead', b: 'read-only', c: 'writer' });
  const link = await watchWriter(servers, quick).open(connector);
  assert.equal(link.host, 'c');
  assert.equal(link.error, undefined);
  assert.deepEqual(
    opened.filter(({ host, error }) => host === 'b' && error === undefined),
    [],
  );
});

for (const state of ['read-only', 'dead', 'hangs'] as const)
  test(`D04: a writer that is ${state} is left, its connections are closed, and the next one is used`, async () => {
    const states: Parameters<typeof serversInTest>[0] = { a: 'writer', b: 'read-only', c: 'read-only' };
    const { connector } = serversInTest(states);
    const writer = watchWriter(servers, quick);
    const [first, second] = [await writer.open(connector), await writer.open(connector)];
    assert.deepEqual([first.host, second.host], ['a', 'a']);
    const broken = { ...connector, isWritable: connector.isWritable };
    connector.isWritable = (link) =>
      link.host === 'a' && states.a === 'dead' ? Promise.reject(new Error('reset')) : broken.isWritable(link);
    states.a = state;
    states.b = 'writer';
    while (!(first.error && second.error)) await new Promise((resolve) => setTimeout(resolve, 1));
    assert.equal((first.error as { code?: string }).code, 'ECONNRESET');
    assert.equal((await writer.open(connector)).host, 'b');
  });

test('without a writer the error names each server and why', async () => {
  const { connector } = serversInTest({ a: 'dead', b: 'read-only', c: 'hangs' });
  await assert.rejects(
    watchWriter(servers, quick).open(connector),
    (error: Error) =>
      error instanceof NoWriter && /a: refused; b: it is read-only; c: no answer within 20 ms/.test(error.message),
  );
});
