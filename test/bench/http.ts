/** The cost of a request: shared/http against bare node:http, and what each part adds. */
import { compare, type Request, type Subject } from './measure.ts';
import { table } from './report.ts';
import { forked } from './server.ts';

const body = JSON.stringify({
  thing: Object.fromEntries(Array.from({ length: 10 }, (_, n) => [`field${n}`, 'some text'])),
});
const json = { 'content-type': 'application/json', 'content-length': String(body.length) };
const get = { path: '/things/1' };
const query = { path: '/things/1?limit=5&name=x' };
const post = { path: '/things', method: 'POST', headers: json, body };

const service = (name: string, request: Request, ...args: string[]): Subject => ({
  name,
  server: forked('request.ts', ...args),
  request,
});

export async function benchHttp(): Promise<void> {
  table(
    'A trivial GET',
    await compare([
      { name: 'bare node:http', server: forked('bare.ts'), request: get },
      service('shared/http', get, 'plain'),
      { ...service('shared/http, validated', get, 'checked'), atMost: 4 },
    ]),
  );
  table(
    'What validation adds to a GET',
    await compare([service('GET', query, 'plain'), { ...service('GET, validated', query, 'checked'), atMost: 1.15 }]),
  );
  table(
    'What validation adds to a POST of ten fields',
    await compare([service('POST', post, 'plain'), { ...service('POST, validated', post, 'checked'), atMost: 1.3 }]),
  );
  table(
    'What a token adds to a GET, checked by the service itself',
    await compare([
      service('GET', get, 'checked'),
      { ...service('GET with a token', get, 'token'), atMost: 1.3, p99AtMost: 2 },
    ]),
  );
  table(
    'What the request log adds to that',
    await compare([
      service('GET with a token', get, 'token'),
      { ...service('GET with a token, logged', get, 'token', '0', 'log'), atMost: 1.2 }, // a line costs 8 to 10 us
    ]),
  );
  table(
    'What 10 000 revocations add to that',
    await compare([
      service('GET with a token', get, 'token'),
      { ...service('GET with a token, 10 000 revocations', get, 'token', '10000'), atMost: 1.1 },
    ]),
  );
}
