/** The S3 API as its clients use it, with a signer of its own. */
import assert from 'node:assert/strict';
import { createHash, createHmac } from 'node:crypto';
import { request } from 'node:http';
import { Readable } from 'node:stream';
import { type TestContext, test } from 'node:test';
import type { Session } from '#shared/clients/session.ts';
import { type Store, startStore } from '../../../test/e2e/object-cloud.ts';
import { askIdentity } from './keys.ts';

const byText = (a: string, b: string) => (a < b ? -1 : 1);
const sha256 = (text: string | Buffer) => createHash('sha256').update(text).digest('hex');
const hmac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text).digest();
const scope = (day: string) => `${day}/RegionOne/s3/aws4_request`;
const keyOf = (day: string, secret: string) =>
  ['RegionOne', 's3', 'aws4_request'].reduce<Buffer>((key, part) => hmac(key, part), hmac(`AWS4${secret}`, day));
const escaped = (text: string) =>
  encodeURIComponent(text).replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);

interface Asked {
  readonly headers?: Record<string, string>;
  readonly body?: string | Buffer;
  readonly access?: string;
  readonly secret?: string;
  readonly payload?: string;
  /** Makes the body from the signature of the headers. */
  readonly chunks?: (seed: string, key: Buffer, date: string, day: string) => string;
  readonly host?: string;
}

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

function send(
  url: string,
  method: string,
  path: string,
  headers: Record<string, string>,
  body: string | Buffer,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(url);
    const sent = request({ hostname, port, method, path, headers }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('end', () =>
        resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text: Buffer.concat(chunks).toString() }),
      );
    });
    sent.on('error', reject).end(body);
  });
}

function client({ url }: Store) {
  return async (method: string, path: string, asked: Asked = {}): Promise<Answer> => {
    const { headers = {}, body = '', access = 'u:p:member', secret = 'secret', payload = sha256(body), chunks } = asked;
    const date = new Date().toISOString().replace(/[-:]|\.\d+/g, '');
    const day = date.slice(0, 8);
    const host = asked.host ?? new URL(url).host;
    const all: Record<string, string> = { host, 'x-amz-date': date, 'x-amz-content-sha256': payload, ...headers };
    const names = Object.keys(all).sort(byText);
    const [at = '', query = ''] = path.split('?');
    const canonical = [
      method,
      at,
      query
        .split('&')
        .filter(Boolean)
        .map((pair) => (pair.includes('=') ? pair : `${pair}=`))
        .sort(byText)
        .join('&'),
      ...names.map((name) => `${name}:${all[name]}`),
      '',
      names.join(';'),
      payload,
    ].join('\n');
    const text = ['AWS4-HMAC-SHA256', date, scope(day), sha256(canonical)].join('\n');
    const signature = hmac(keyOf(day, secret), text).toString('hex');
    const authorization = `AWS4-HMAC-SHA256 Credential=${access}/${scope(day)}, SignedHeaders=${names.join(';')}, Signature=${signature}`;
    const content = chunks ? chunks(signature, keyOf(day, secret), date, day) : body;
    const length = { 'content-length': String(Buffer.byteLength(content)) };
    return send(url, method, path, { ...all, authorization, ...length }, content);
  };
}

async function opened(t: TestContext) {
  const store = await startStore(t, {}, {}, { s3Domains: 's3.example.org' });
  const s3 = client(store);
  assert.equal((await s3('PUT', '/bucket')).status, 200);
  return { ...store, s3 };
}

const field = (text: string, name: string): string | undefined =>
  text.match(new RegExp(`<${name}>([^<]*)</${name}>`))?.[1];
const fields = (text: string, name: string): string[] =>
  [...text.matchAll(new RegExp(`<${name}>([^<]*)</${name}>`, 'g'))].map(([, value = '']) => value);

test('buckets are containers of the project of the key', async (t) => {
  const { s3, ask } = await opened(t);
  assert.equal(field((await s3('PUT', '/bucket')).text, 'Code'), 'BucketAlreadyOwnedByYou');
  assert.equal(field((await s3('PUT', '/Bad_Name')).text, 'Code'), 'InvalidBucketName');
  assert.deepEqual(fields((await s3('GET', '/')).text, 'Name'), ['bucket']);
  assert.equal((await ask('HEAD', '/bucket')).status, 204);
  assert.deepEqual([(await s3('HEAD', '/bucket')).status, (await s3('HEAD', '/none')).status], [200, 404]);
  assert.match((await s3('GET', '/bucket?location')).text, /<LocationConstraint /);
  await s3('PUT', '/bucket/k', { body: 'x' });
  assert.equal(field((await s3('DELETE', '/bucket')).text, 'Code'), 'BucketNotEmpty');
  await s3('DELETE', '/bucket/k');
  assert.equal((await s3('DELETE', '/bucket')).status, 204);
  assert.equal(field((await s3('GET', '/bucket')).text, 'Code'), 'NoSuchBucket');
});

test('an object has its metadata, ranges and conditions in both APIs', async (t) => {
  const { s3, ask } = await opened(t);
  const etag = `"${createHash('md5').update('content').digest('hex')}"`;
  const headers = { 'x-amz-meta-colour': 'red', 'content-type': 'text/x-mine' };
  const put = await s3('PUT', '/bucket/a%20b/%C3%A4', { body: 'content', headers });
  assert.deepEqual([put.status, put.headers.etag], [200, etag]);
  const got = await s3('GET', '/bucket/a%20b/%C3%A4');
  assert.deepEqual(
    [got.text, got.headers['x-amz-meta-colour'], got.headers['content-type'], got.headers.etag],
    ['content', 'red', 'text/x-mine', etag],
  );
  assert.equal((await s3('GET', '/bucket/a%20b/%C3%A4', { headers: { range: 'bytes=0-2' } })).text, 'con');
  assert.equal((await s3('GET', '/bucket/a%20b/%C3%A4', { headers: { 'if-none-match': etag } })).status, 304);
  assert.equal((await s3('PUT', '/bucket/a%20b/%C3%A4', { headers: { 'if-none-match': '*' } })).status, 412);
  assert.equal((await s3('PUT', '/bucket/a%20b/%C3%A4', { headers: { 'if-match': '"x"' } })).status, 412);
  const named = await s3('GET', '/bucket/a%20b/%C3%A4?response-content-type=text%2Fplain');
  assert.equal(named.headers['content-type'], 'text/plain');
  assert.equal((await ask('HEAD', '/bucket/a%20b/%C3%A4')).headers.get('x-object-meta-colour'), 'red');
  const copied = await s3('PUT', '/bucket/copy', { headers: { 'x-amz-copy-source': '/bucket/a%20b/%C3%A4' } });
  assert.equal(field(copied.text, 'ETag'), etag.replaceAll('"', '&quot;'));
  assert.equal((await s3('HEAD', '/bucket/copy')).headers['x-amz-meta-colour'], 'red');
  assert.equal(field((await s3('GET', '/bucket/none')).text, 'Code'), 'NoSuchKey');
  assert.equal((await s3('DELETE', '/bucket/none')).status, 204);
});

test('a request is refused when its signature, time or key is wrong, and a changed body is not stored', async (t) => {
  const { s3, url } = await opened(t);
  assert.equal(field((await s3('GET', '/bucket', { secret: 'wrong' })).text, 'Code'), 'SignatureDoesNotMatch');
  assert.equal((await s3('GET', '/bucket')).status, 200);
  assert.equal(field((await s3('GET', '/bucket', { secret: 'wrong' })).text, 'Code'), 'SignatureDoesNotMatch');
  assert.equal(
    field((await s3('PUT', '/bucket/k', { body: 'x', payload: sha256('y') })).text, 'Code'),
    'XAmzContentSHA256Mismatch',
  );
  const digest = { 'content-md5': createHash('md5').update('y').digest('base64') };
  assert.equal(field((await s3('PUT', '/bucket/k', { body: 'x', headers: digest })).text, 'Code'), 'BadDigest');
  const crc = { 'x-amz-checksum-crc32': 'AAAAAA==' };
  assert.equal(field((await s3('PUT', '/bucket/k', { body: 'x', headers: crc })).text, 'Code'), 'BadDigest');
  assert.equal((await s3('GET', '/bucket/k')).status, 404);
  assert.equal(field((await s3('GET', '/bucket', { access: 'x:q:member' })).text, 'Code'), 'NoSuchBucket');
  assert.equal((await s3('PUT', '/other', { access: 'r:p:reader' })).status, 403);
  assert.equal((await fetch(`${url}/bucket`)).status, 404);
});

test('the checksums that clients send are verified, each by its published example', async (t) => {
  const { s3 } = await opened(t);
  for (const [name, value] of [
    ['crc32', 'y/Q5Jg=='],
    ['crc32c', '4waSgw=='],
    ['crc64nvme', 'rosUhgp5mIg='],
    ['sha1', '98O8HYCOBHMqCZZc2g/8HB+Q5F0='],
    ['sha256', 'FeKw0/BgmTbaVtdxdoJcEHgdKV1O+ULHKNqfeOOxYq4='],
  ]) {
    const headers = { [`x-amz-checksum-${name}`]: value ?? '' };
    const answer = await s3('PUT', '/bucket/k', { body: '123456789', headers });
    if (name?.startsWith('crc')) assert.equal(answer.status, 200, `${name} ${answer.text}`);
    else assert.equal(field(answer.text, 'Code'), 'BadDigest');
  }
});

const signedChunks =
  (parts: readonly string[], spoil = false) =>
  (seed: string, key: Buffer, date: string, day: string) => {
    let previous = seed;
    const chunk = (part: string) => {
      const text = ['AWS4-HMAC-SHA256-PAYLOAD', date, scope(day), previous, sha256(''), sha256(part)].join('\n');
      previous = hmac(key, text).toString('hex');
      return `${Buffer.byteLength(part).toString(16)};chunk-signature=${previous}\r\n${spoil ? part.toUpperCase() : part}\r\n`;
    };
    return [...parts, ''].map(chunk).join('');
  };

test('a body in chunks is stored when each chunk is signed, and not at all otherwise', async (t) => {
  const { s3 } = await opened(t);
  const payload = 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD';
  const headers = { 'x-amz-decoded-content-length': '10', 'content-encoding': 'aws-chunked' };
  const good = await s3('PUT', '/bucket/k', { payload, headers, chunks: signedChunks(['hello', 'world']) });
  assert.equal(good.status, 200, good.text);
  const got = await s3('GET', '/bucket/k');
  assert.deepEqual([got.text, got.headers['content-encoding']], ['helloworld', undefined]);
  const bad = await s3('PUT', '/bucket/n', { payload, headers, chunks: signedChunks(['hello', 'world'], true) });
  assert.equal(field(bad.text, 'Code'), 'SignatureDoesNotMatch');
  assert.equal((await s3('GET', '/bucket/n')).status, 404);
  const trailer = { 'x-amz-decoded-content-length': '9', 'x-amz-trailer': 'x-amz-checksum-crc32' };
  const unsigned = (crc: string) => ({
    payload: 'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
    headers: trailer,
    chunks: () => `9\r\n123456789\r\n0\r\nx-amz-checksum-crc32:${crc}\r\n\r\n`,
  });
  assert.equal((await s3('PUT', '/bucket/t', unsigned('y/Q5Jg=='))).status, 200);
  assert.equal(field((await s3('PUT', '/bucket/t', unsigned('AAAAAA=='))).text, 'Code'), 'BadDigest');
});

test('a body other than the signed one deletes nothing', async (t) => {
  const { s3 } = await opened(t);
  await s3('PUT', '/bucket/k', { body: 'content' });
  const body = '<Delete><Object><Key>k</Key></Object></Delete>';
  const changed = await s3('POST', '/bucket?delete', { body, payload: sha256('another') });
  assert.deepEqual([changed.status, field(changed.text, 'Code')], [400, 'XAmzContentSHA256Mismatch']);
  assert.equal((await s3('GET', '/bucket/k')).text, 'content');
});

test('a key of an application credential with access rules opens nothing', async () => {
  const answer = (more: object) => async () => ({
    status: 200,
    headers: {},
    stream: Readable.from([
      Buffer.from(JSON.stringify({ token: { user: { id: 'u', name: 'u', domain: { id: 'd' } }, ...more } })),
    ]),
  });
  const asked = { version: 4, access: 'a', signature: '', text: '', scope: '', date: '', payload: '' } as const;
  const ask = (more: object) => {
    const session = { raw: answer(more), token: async () => 'token' };
    return askIdentity(session as unknown as Session)(asked);
  };
  await assert.rejects(ask({ application_credential: { access_rules: [{}] } }), /access rules/);
  assert.equal((await ask({ application_credential: {} })).caller.userId, 'u');
});

test('a signed URL opens what it names until it ends, in versions 4 and 2', async (t) => {
  const { s3, url } = await opened(t);
  await s3('PUT', '/bucket/k', { body: 'content' });
  const date = new Date().toISOString().replace(/[-:]|\.\d+/g, '');
  const day = date.slice(0, 8);
  const presigned = (expires: string, path = '/bucket/k', method = 'GET') => {
    const query = {
      'X-Amz-Algorithm': 'AWS4-HMAC-SHA256',
      'X-Amz-Credential': `u:p:member/${scope(day)}`,
      'X-Amz-Date': date,
      'X-Amz-Expires': expires,
      'X-Amz-SignedHeaders': 'host',
    };
    const pairs = Object.entries(query)
      .map(([name, value]) => `${escaped(name)}=${escaped(value)}`)
      .sort(byText)
      .join('&');
    const canonical = [method, path, pairs, `host:${new URL(url).host}`, '', 'host', 'UNSIGNED-PAYLOAD'].join('\n');
    const text = ['AWS4-HMAC-SHA256', date, scope(day), sha256(canonical)].join('\n');
    return `?${pairs}&X-Amz-Signature=${hmac(keyOf(day, 'secret'), text).toString('hex')}`;
  };
  assert.equal(await (await fetch(`${url}/bucket/k${presigned('60')}`)).text(), 'content');
  assert.equal((await fetch(`${url}/bucket/other${presigned('60')}`)).status, 403);
  assert.equal((await fetch(`${url}/bucket/k${presigned('700000')}`)).status, 400);
  const copying = await fetch(`${url}/bucket/mine${presigned('60', '/bucket/mine', 'PUT')}`, {
    method: 'PUT',
    headers: { 'x-amz-copy-source': '/bucket/k' },
  });
  assert.deepEqual([copying.status, field(await copying.text(), 'Code')], [403, 'AccessDenied']);
  assert.equal((await s3('GET', '/bucket/mine')).status, 404);
  const old = (end: number) => {
    const signature = createHmac('sha1', 'secret').update(`GET\n\n\n${end}\n/bucket/k`).digest('base64');
    return fetch(
      `${url}/bucket/k?${new URLSearchParams({ AWSAccessKeyId: 'u:p:member', Expires: String(end), Signature: signature })}`,
    );
  };
  assert.equal(await (await old(Math.floor(Date.now() / 1000) + 60)).text(), 'content');
  assert.equal((await old(1)).status, 403);
});

test('a bucket is named by the host below a domain of the cloud', async (t) => {
  const { s3 } = await opened(t);
  const host = 'bucket.s3.example.org';
  assert.equal((await s3('PUT', '/v1/a', { body: 'x', host })).status, 200);
  assert.equal((await s3('GET', '/bucket/v1/a')).text, 'x');
  assert.deepEqual(fields((await s3('GET', '/', { host })).text, 'Key'), ['v1/a']);
});

test('lists have pages, prefixes and both versions of their parameters', async (t) => {
  const { s3 } = await opened(t);
  for (const key of ['a', 'b/1', 'b/2', 'c%26', 'd']) await s3('PUT', `/bucket/${key}`, { body: 'x' });
  const keys = (text: string) => [
    fields(text, 'Key'),
    [...text.matchAll(/<CommonPrefixes><Prefix>([^<]*)/g)].map(([, prefix]) => prefix),
  ];
  assert.deepEqual(keys((await s3('GET', '/bucket?delimiter=%2F')).text), [['a', 'c&amp;', 'd'], ['b/']]);
  const first = (await s3('GET', '/bucket?list-type=2&max-keys=2')).text;
  assert.deepEqual([keys(first)[0], field(first, 'IsTruncated')], [['a', 'b/1'], 'true']);
  const token = escaped(field(first, 'NextContinuationToken') ?? '');
  assert.deepEqual(
    keys((await s3('GET', `/bucket?continuation-token=${token}&encoding-type=url&list-type=2`)).text)[0],
    ['b/2', 'c%26', 'd'],
  );
  assert.deepEqual(keys((await s3('GET', '/bucket?marker=b%2F2&prefix=')).text)[0], ['c&amp;', 'd']);
});

test('many keys are deleted at once, and what fails is named', async (t) => {
  const { s3 } = await opened(t);
  for (const key of ['a', 'b']) await s3('PUT', `/bucket/${key}`, { body: 'x' });
  const body =
    '<Delete><Object><Key>a</Key></Object><Object><Key>b</Key></Object><Object><Key>none</Key></Object></Delete>';
  assert.deepEqual(fields((await s3('POST', '/bucket?delete', { body })).text, 'Key'), ['a', 'b', 'none']);
  assert.deepEqual(fields((await s3('GET', '/bucket')).text, 'Key'), []);
  for (const evil of [
    '<!DOCTYPE x [<!ENTITY a "b">]><Delete/>',
    '<Delete>&a;</Delete>',
    '<Delete><Object></Delete>',
    `${'<Delete>'.repeat(20)}${'</Delete>'.repeat(20)}`,
    'x',
  ])
    assert.equal(field((await s3('POST', '/bucket?delete', { body: evil })).text, 'Code'), 'MalformedXML');
});

test('a key to delete is taken as it is, with its blanks and escapes', async (t) => {
  const { s3 } = await opened(t);
  for (const key of ['a', 'a%20', 'b%26c']) await s3('PUT', `/bucket/${key}`, { body: 'x' });
  const body = `<?xml version="1.0"?><Delete xmlns="http://s3.amazonaws.com/doc/2006-03-01/">
    <Object><Key>a </Key></Object><!-- both --><Object><Key>b&#38;c</Key></Object></Delete>`;
  await s3('POST', '/bucket?delete', { body });
  assert.deepEqual(fields((await s3('GET', '/bucket')).text, 'Key'), ['a']);
});

test('an upload in parts becomes one object, and leaves no parts when it is aborted or deleted', async (t) => {
  const { s3, ask } = await opened(t);
  const id =
    field((await s3('POST', '/bucket/big?uploads', { headers: { 'x-amz-meta-a': 'b' } })).text, 'UploadId') ?? '';
  const part = Buffer.alloc(5 * 1024 * 1024, 'a');
  const etags = [];
  for (const [number, body] of [
    [1, part],
    [2, Buffer.from('end')],
  ] as const)
    etags.push((await s3('PUT', `/bucket/big?partNumber=${number}&uploadId=${id}`, { body })).headers.etag);
  assert.deepEqual(fields((await s3('GET', `/bucket/big?uploadId=${id}`)).text, 'PartNumber'), ['1', '2']);
  assert.deepEqual(fields((await s3('GET', '/bucket?uploads')).text, 'UploadId'), [id]);
  assert.deepEqual(fields((await s3('GET', '/bucket')).text, 'Key'), []);
  assert.deepEqual(fields((await s3('GET', '/')).text, 'Name'), ['bucket']);
  const list = (all: unknown[]) =>
    `<CompleteMultipartUpload>${all.map((etag, at) => `<Part><PartNumber>${at + 1}</PartNumber><ETag>${etag}</ETag></Part>`).join('')}</CompleteMultipartUpload>`;
  assert.equal(
    field((await s3('POST', `/bucket/big?uploadId=${id}`, { body: list(['"0"']) })).text, 'Code'),
    'InvalidPart',
  );
  const done = await s3('POST', `/bucket/big?uploadId=${id}`, { body: list(etags) });
  const again = await s3('POST', `/bucket/big?uploadId=${id}`, { body: list(etags) });
  assert.match(field(done.text, 'ETag') ?? '', /^&quot;[0-9a-f]{32}-2&quot;$/);
  assert.equal(again.text, done.text);
  const head = await s3('HEAD', '/bucket/big');
  assert.deepEqual([head.headers['content-length'], head.headers['x-amz-meta-a']], [String(part.length + 3), 'b']);
  assert.equal((await s3('GET', '/bucket/big', { headers: { range: 'bytes=-5' } })).text, 'aaend');
  assert.equal(field((await s3('GET', '/bucket')).text, 'ETag'), field(done.text, 'ETag'));
  assert.equal((await s3('DELETE', '/bucket/big')).status, 204);
  const other = field((await s3('POST', '/bucket/big?uploads')).text, 'UploadId') ?? '';
  await s3('PUT', `/bucket/big?partNumber=1&uploadId=${other}`, { body: 'x' });
  assert.equal((await s3('DELETE', `/bucket/big?uploadId=${other}`)).status, 204);
  assert.equal(
    field((await s3('PUT', `/bucket/big?partNumber=1&uploadId=${other}`, { body: 'x' })).text, 'Code'),
    'NoSuchUpload',
  );
  assert.equal((await ask('GET', '/bucket+segments')).status, 204);
});

async function uploadParts(s3: ReturnType<typeof client>, key: string, body: string): Promise<string> {
  const id = field((await s3('POST', `/bucket/${key}?uploads`)).text, 'UploadId') ?? '';
  const { etag } = (await s3('PUT', `/bucket/${key}?partNumber=1&uploadId=${id}`, { body })).headers;
  const parts = `<Part><PartNumber>1</PartNumber><ETag>${etag}</ETag></Part>`;
  const complete = { body: `<CompleteMultipartUpload>${parts}</CompleteMultipartUpload>` };
  const made = await Promise.all([1, 2].map(() => s3('POST', `/bucket/${key}?uploadId=${id}`, complete)));
  assert.deepEqual(
    made.map(({ status }) => status),
    [200, 200],
  );
  return id;
}

test('the parts of an object are removed when it is replaced, and stay while it is a version', async (t) => {
  const { s3, ask } = await opened(t);
  const parts = async () => (await (await ask('GET', '/bucket+segments')).text()).split('\n').filter(Boolean);
  await s3('PUT', '/bucket/small', { body: 'small' });
  await uploadParts(s3, 'k', 'one');
  const second = await uploadParts(s3, 'k', 'two');
  assert.deepEqual(await parts(), [`parts/k/${second}/00001`]);
  assert.equal((await s3('GET', '/bucket/k')).text, 'two');
  const headers = { 'x-amz-copy-source': '/bucket/k', 'x-amz-metadata-directive': 'REPLACE' };
  assert.equal((await s3('PUT', '/bucket/k', { headers })).status, 200);
  assert.deepEqual([await parts(), (await s3('GET', '/bucket/k')).text], [[], 'two']);
  for (const replacement of [{ body: 'small' }, { headers: { 'x-amz-copy-source': '/bucket/small' } }]) {
    await uploadParts(s3, 'k', 'three');
    assert.equal((await parts()).length, 1);
    assert.equal((await s3('PUT', '/bucket/k', replacement)).status, 200);
    assert.deepEqual([await parts(), (await s3('GET', '/bucket/k')).text], [[], 'small']);
  }
  await uploadParts(s3, 'k', 'four');
  const body = '<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>';
  await s3('PUT', '/bucket?versioning', { body });
  await s3('PUT', '/bucket/k', { body: 'five' });
  const [, former] = fields((await s3('GET', '/bucket?versions&prefix=k')).text, 'VersionId');
  assert.equal((await s3('GET', `/bucket/k?versionId=${former}`)).text, 'four');
  assert.equal((await s3('DELETE', `/bucket/k?versionId=${former}`)).status, 204);
  assert.deepEqual(await parts(), []);
});

test('versions are listed with their markers, and the one before comes back', async (t) => {
  const { s3 } = await opened(t);
  const body = '<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>';
  assert.equal((await s3('PUT', '/bucket?versioning', { body })).status, 200);
  assert.equal(field((await s3('GET', '/bucket?versioning')).text, 'Status'), 'Enabled');
  const first = (await s3('PUT', '/bucket/k', { body: 'one' })).headers['x-amz-version-id'];
  const second = (await s3('PUT', '/bucket/k', { body: 'two' })).headers['x-amz-version-id'];
  const gone = await s3('DELETE', '/bucket/k');
  assert.equal(gone.headers['x-amz-delete-marker'], 'true');
  const list = (await s3('GET', '/bucket?versions')).text;
  assert.deepEqual(fields(list, 'VersionId'), [gone.headers['x-amz-version-id'], second, first]);
  assert.deepEqual(fields(list, 'IsLatest'), ['true', 'false', 'false']);
  assert.equal((await s3('GET', `/bucket/k?versionId=${first}`)).text, 'one');
  assert.equal((await s3('GET', '/bucket/k')).status, 404);
  await s3('DELETE', `/bucket/k?versionId=${gone.headers['x-amz-version-id']}`);
  assert.equal((await s3('GET', '/bucket/k')).text, 'two');
  await s3('DELETE', `/bucket/k?versionId=${second}`);
  assert.equal((await s3('GET', '/bucket/k')).text, 'one');
});

test('a public bucket is readable without a key in the API of Swift, and unknown functions are refused by name', async (t) => {
  const { s3, url } = await opened(t);
  await s3('PUT', '/bucket/k', { body: 'x' });
  assert.equal((await s3('PUT', '/bucket?acl', { headers: { 'x-amz-acl': 'public-read' } })).status, 200);
  assert.equal((await fetch(`${url}/v1/AUTH_p/bucket/k`)).status, 200);
  assert.match((await s3('GET', '/bucket?acl')).text, /AllUsers/);
  for (const [method, path, headers] of [
    ['PUT', '/bucket?policy', {}],
    ['PUT', '/bucket/k?tagging', {}],
    ['PUT', '/bucket/k', { 'x-amz-server-side-encryption': 'AES256' }],
    ['PUT', '/bucket?acl', { 'x-amz-acl': 'public-read-write' }],
  ] as const)
    assert.equal((await s3(method, path, { headers, body: '' })).status, 501, path);
});

test('a digest of the body is one, in any case of letters; a wrong one is answered with both', async (t) => {
  const { s3 } = await opened(t);
  const put = (payload: string) => s3('PUT', '/bucket/k', { body: 'x', payload });
  assert.equal((await put(sha256('x').toUpperCase())).status, 200);
  const wrong = await put(sha256('y').toUpperCase());
  const named = ['Code', 'ClientComputedContentSHA256', 'S3ComputedContentSHA256'].map((name) =>
    field(wrong.text, name),
  );
  assert.deepEqual(named, ['XAmzContentSHA256Mismatch', sha256('y').toUpperCase(), sha256('x')]);
  for (const payload of ['invalid', 'unsigned-payload'])
    for (const method of ['PUT', 'GET']) {
      const refused = await s3(method, '/bucket/k', { payload });
      assert.deepEqual(
        [field(refused.text, 'Code'), field(refused.text, 'ArgumentValue')],
        ['InvalidArgument', payload],
      );
    }
});

test('a part is read by its number; an object that was uploaded whole is its only part', async (t) => {
  const { s3 } = await opened(t);
  await s3('PUT', '/bucket/k', { body: 'content' });
  const only = await s3('GET', '/bucket/k?partNumber=1');
  assert.deepEqual([only.status, only.headers['content-range'], only.text], [206, 'bytes 0-6/7', 'content']);
  for (const [number, code] of [
    ['0', 'InvalidArgument'],
    ['x', 'InvalidArgument'],
    ['2', 'InvalidPartNumber'],
  ])
    assert.equal(field((await s3('GET', `/bucket/k?partNumber=${number}`)).text, 'Code'), code);
  const both = await s3('GET', '/bucket/k?partNumber=1', { headers: { range: 'bytes=0-1' } });
  assert.equal(field(both.text, 'Code'), 'InvalidRequest');
});

test('what a copy names wrongly is refused: a bucket, a parameter of the source, a directive', async (t) => {
  const { s3 } = await opened(t);
  await s3('PUT', '/bucket/k', { body: 'content' });
  const copy = async (source: string, more = {}) =>
    field((await s3('PUT', '/bucket/copy', { headers: { 'x-amz-copy-source': source, ...more } })).text, 'Code');
  assert.equal(await copy('/none-such/k'), 'NoSuchBucket');
  assert.equal(await copy('/bucket/k?part=1'), 'InvalidArgument');
  assert.equal(await copy('/bucket/k', { 'x-amz-metadata-directive': 'MOVE' }), 'InvalidArgument');
  assert.equal((await s3('GET', '/bucket/copy')).status, 404);
  for (const method of ['GET', 'PUT'])
    assert.equal((await s3(method, '/bucket/none?acl', { headers: { 'x-amz-acl': 'private' } })).status, 404, method);
  const past = { headers: { 'x-delete-at': '1' }, body: 'x' };
  assert.equal((await s3('PUT', '/bucket/late', past)).status, 400, 'it would never be seen');
});
