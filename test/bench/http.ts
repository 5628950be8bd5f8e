/** The road against bare node:http, and what each part of it adds. */
import { compare, print, type Subject } from './measure.ts';

const body = JSON.stringify({
  thing: Object.fromEntries(Array.from({ length: 10 }, (_, n) => [`field${n}`, 'some text'])),
});
const json = { 'content-type': 'application/json', 'content-length': String(body.length) };
const get = { path: '/things/1' };
const query = { path: '/things/1?limit=5&name=x' };
const post = { path: '/things', method: 'POST', headers: json, body };

const road = (name: string, kind: string, request: Subject['request'], ...more: string[]): Subject => ({
  name,
  server: 'road.ts',
  args: [kind, ...more],
  request,
});

export async function benchHttp(): Promise<void> {
  print(
    'A trivial GET: at most 4 times bare node:http, validated',
    await compare([
      { name: 'node:http', server: 'bare.ts', request: get },
      road('the road', 'plain', get),
      road('the road, validated', 'checked', get),
    ]),
  );
  print(
    'Validation: at most 15 % more CPU on a GET',
    await compare([road('GET', 'plain', query), road('GET, validated', 'checked', query)]),
  );
  print(
    'Validation: at most 30 % more CPU on a POST of ten fields',
    await compare([road('POST', 'plain', post), road('POST, validated', 'checked', post)]),
  );
  print(
    'A token: at most 1.3 times the GET without',
    await compare([
      road('GET', 'checked', get),
      road('GET with a token', 'token', get),
      road('GET with a token, 10 000 revocations', 'token', get, '10000'),
    ]),
  );
}
