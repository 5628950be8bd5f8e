/** Names and headers as nobody means them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startStore } from '../../test/e2e/object-cloud.ts';

/** What XML 1.0 allows between tags, and the five entities. */
const element = /^<(\w+)>((?:[^<>&]|&(?:amp|lt|gt|quot|apos);)*)<\/\1>/;

function namesIn(xml: string): string[] {
  const entities: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what XML does not allow
  assert.doesNotMatch(xml, /[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/);
  const head = /^<\?xml version="1.0" encoding="UTF-8"\?>\n<(account|container) name="[^"<&]*">/;
  assert.match(xml, head);
  let rest = xml.replace(head, '');
  const names: string[] = [];
  for (;;) {
    rest = rest.replace(/^(<\/?(object|container|account)>)+/, '');
    if (rest === '') return names;
    const [all, tag, text = ''] = rest.match(element) ?? assert.fail(rest.slice(0, 200));
    rest = rest.slice(all.length);
    if (tag === 'name') names.push(text.replace(/&(\w+);/g, (_all, entity: string) => entities[entity] ?? ''));
  }
}

test('OSSA-2013-016: names in listings are escaped in XML and JSON', async (t) => {
  const { ask } = await startStore(t);
  const names = ['<b>', '&amp;', '"\'', ']]>', '</name><name>', 'a\nb', '\u0001\u001f', 'ü€\u{1F600}', '%41', '\ufffe'];
  await ask('PUT', '/docs');
  for (const name of names) {
    assert.equal((await ask('PUT', `/docs/${encodeURIComponent(name)}`, {}, 'x')).status, 201, name);
    assert.equal((await ask('PUT', `/${encodeURIComponent(name.replaceAll('/', '-'))}`)).status, 201, name);
  }
  const json = (await (await ask('GET', '/docs?format=json')).json()) as { name: string }[];
  assert.deepEqual(new Set(json.map(({ name }) => name)), new Set(names));
  // biome-ignore lint/suspicious/noControlCharactersInRegex: what XML cannot say becomes the mark for that
  const sayable = (name: string) => name.replace(/[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/g, '\ufffd');
  assert.deepEqual(new Set(namesIn(await (await ask('GET', '/docs?format=xml')).text())), new Set(names.map(sayable)));
  const containers = namesIn(await (await ask('GET', '?format=xml')).text());
  assert.deepEqual(new Set(containers), new Set(['docs', ...names.map((name) => sayable(name.replaceAll('/', '-')))]));
});

test('FIX-SW-71190: every request header is parsed in linear time', async (t) => {
  const { ask } = await startStore(t);
  await ask('PUT', '/docs');
  await ask('PUT', '/docs/o', {}, 'text');
  const size = 12_000;
  const words = [' ', ',', ';', '=', 'q=', '-', '0-,', '"', '/', '*/', 'a,', '\t', 'W/', '%', 'a/b;q=0.', '(', '\\'];
  const names = [
    'accept',
    'range',
    'if-match',
    'if-none-match',
    'if-modified-since',
    'if-unmodified-since',
    'if-range',
  ];
  const more = [
    'content-type',
    'content-disposition',
    'cookie',
    'authorization',
    'referer',
    'x-delete-at',
    'x-copy-from',
  ];
  const control = performance.now();
  await ask('GET', '/docs/o', { 'x-other': 'x'.repeat(size) });
  const usualMs = performance.now() - control;
  let slowest = 0;
  for (const name of [...names, ...more])
    for (const word of words) {
      const value = `bytes=${word.repeat(size / word.length)}!`;
      const start = performance.now();
      for (const to of ['/docs/o', '/docs?limit=1'])
        assert.ok((await ask('GET', to, { [name]: value })).status < 500, name);
      slowest = Math.max(slowest, performance.now() - start);
    }
  assert.ok(slowest < 50 * Math.max(usualMs, 20), `${slowest} ms against ${usualMs} ms`);
});
