/** Objects of 1 KiB and 64 MiB, with three replicas and with one, against plain Node servers. */
import { compare, type Load, type Request, type Subject } from './measure.ts';
import { table } from './report.ts';
import { forked } from './server.ts';

const token = { 'x-auth-token': 'u:p:member' };
const small = 'a'.repeat(1024);
const large = 'a'.repeat(64 * 2 ** 20);
const docs = '/v1/AUTH_p/docs';

const put = (path: string, body: string): Request => ({
  method: 'PUT',
  path,
  headers: { ...token, 'content-length': String(body.length) },
  body,
});
const get = (path: string): Request => ({ path, headers: token });
const control = (name: string, request: Request): Subject => ({ name, server: forked('bytes.ts'), request });
const store = (replicas: number, request: Request): Subject => ({
  name: `object store, ${replicas} replica${replicas > 1 ? 's' : ''}`,
  server: forked('object-store.ts', String(replicas)),
  request,
});

const few: Load = { rounds: 3, requests: 4, connections: 1 };
const many: Load = { rounds: 3, requests: 400, connections: 16 };

interface Part {
  readonly heading: string;
  readonly load: Load;
  readonly subjects: readonly Subject[];
}

const parts: readonly Part[] = [
  {
    heading: 'PUT of 64 MiB, one replica',
    load: few,
    subjects: [control('receive and hash', put('/', large)), { ...store(1, put(`${docs}/put`, large)), atMost: 1.3 }],
  },
  {
    heading: 'PUT of 64 MiB, what three replicas cost',
    load: few,
    subjects: [store(1, put(`${docs}/put`, large)), { ...store(3, put(`${docs}/put`, large)), atMost: 1.7 }],
  },
  {
    heading: 'GET of 64 MiB',
    load: few,
    subjects: [control('from memory', { path: `/${large.length}` }), store(3, get(`${docs}/large`))],
  },
  {
    heading: 'PUT of 1 KiB, durable, against a file that is not synced',
    load: many,
    subjects: [control('one file', put('/file', small)), store(1, put(`${docs}/put`, small))],
  },
  {
    heading: 'PUT of 1 KiB, what three replicas cost',
    load: many,
    subjects: [store(1, put(`${docs}/put`, small)), store(3, put(`${docs}/put`, small))],
  },
  {
    heading: 'GET of 1 KiB',
    load: many,
    subjects: [control('from memory', { path: '/1024' }), store(3, get(`${docs}/small`))],
  },
];

export async function benchObjectStore(): Promise<void> {
  for (const { heading, load, subjects } of parts) table(heading, await compare(subjects, load));
}
