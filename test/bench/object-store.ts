/** Objects of 1 KiB and of 64 MiB, with three replicas and with one, against what Node does without a store behind it. */
import { compare, type Figure, print, type Subject } from './measure.ts';

const token = { 'x-auth-token': 'u:p:member' };
const small = 'a'.repeat(1024);
const large = 'a'.repeat(64 * 2 ** 20);
const path = '/v1/AUTH_p/docs';

const put = (to: string, body: string): Subject['request'] => ({
  method: 'PUT',
  path: to,
  headers: { ...token, 'content-length': String(body.length) },
  body,
});
const control = (name: string, request: Subject['request']): Subject => ({ name, server: 'bytes.ts', request });
const store = (replicas: number, request: Subject['request']): Subject => ({
  name: `object store, ${replicas} replica${replicas > 1 ? 's' : ''}`,
  server: 'object-store.ts',
  args: [String(replicas)],
  request,
});

const few = { rounds: 3, requests: 4, connections: 1 };
const many = { rounds: 3, requests: 400, connections: 16 };

export async function benchObjectStore(): Promise<void> {
  const large64 = await compare(
    [
      control('receive and hash', put('/', large)),
      store(1, put(`${path}/put`, large)),
      store(3, put(`${path}/put`, large)),
    ],
    few,
  );
  print('PUT 64 MiB: at most 1.3 times receive and hash, with one replica', large64);
  sayReplicas(large64, 'three replicas cost at most 1.7 times one');
  print(
    'GET 64 MiB',
    await compare(
      [control('from memory', { path: `/${large.length}` }), store(3, { path: `${path}/large`, headers: token })],
      few,
    ),
  );
  const small1 = await compare(
    [
      control('one file, not synced', put('/file', small)),
      store(1, put(`${path}/put`, small)),
      store(3, put(`${path}/put`, small)),
    ],
    many,
  );
  print('PUT 1 KiB, durable', small1);
  sayReplicas(small1, 'three replicas against one');
  print(
    'GET 1 KiB',
    await compare(
      [control('from memory', { path: '/1024' }), store(3, { path: `${path}/small`, headers: token })],
      many,
    ),
  );
}

function sayReplicas([, one, three]: readonly Figure[], sentence: string): void {
  const ratio = (three?.cpuUsPerRequest ?? Number.NaN) / (one?.cpuUsPerRequest ?? Number.NaN);
  process.stdout.write(`  ${sentence}: ${ratio.toFixed(2)} x\n`);
}
