/** The road against bare node:http, and what each part of it adds. */
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

const road = (name: string, request: Request, ...words: string[]): Subject => ({
  name,
  server: forked('road.ts', ...words),
  request,
});

export async function benchHttp(): Promise<void> {
  table(
    'A trivial GET',
    await compare([
      { name: 'bare node:http', server: forked('bare.ts'), request: get },
      road('the road', get, 'plain'),
      { ...road('the road, validated', get, 'checked'), atMost: 4 },
    ]),
  );
  table(
    'What validation adds to a GET',
    await compare([road('GET', query, 'plain'), { ...road('GET, validated', query, 'checked'), atMost: 1.15 }]),
  );
  table(
    'What validation adds to a POST of ten fields',
    await compare([road('POST', post, 'plain'), { ...road('POST, validated', post, 'checked'), atMost: 1.3 }]),
  );
  table(
    'What a token adds to a GET, checked by the service itself',
    await compare([
      road('GET', get, 'checked'),
      { ...road('GET with a token', get, 'token'), atMost: 1.3, p99AtMost: 2 },
    ]),
  );
  table(
    'What the request log adds to that',
    await compare([
      road('GET with a token', get, 'token'),
      { ...road('GET with a token, each with its line', get, 'token', '0', 'log'), atMost: 1.1 },
    ]),
  );
  table(
    'What 10 000 revocations add to that',
    await compare([
      road('GET with a token', get, 'token'),
      { ...road('GET with a token, 10 000 revocations', get, 'token', '10000'), atMost: 1.1 },
    ]),
  );
}
