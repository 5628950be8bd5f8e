/** The kinds of flaws of dashboards (sessions, user text in pages, redirects, sourced scripts), wherever they can occur. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { forbidden } from '#shared/errors/fault.ts';
import { openrc } from '../../../deploy/cloud/login-files.ts';
import { signOnPage } from '../../../services/identity/federation/sign-on-page.ts';
import { routes } from '../../../services/identity/routes.ts';
import { glance } from '../../../services/image/dialect.ts';
import { swift } from '../../../services/object-store/dialect.ts';
import { openIdentity } from '../../fakes/identity.ts';

const root = join(import.meta.dirname, '../../..');
const sources = ['services', 'shared', 'deploy']
  .flatMap((folder) => globSync(`${folder}/**/*.{ts,js,html}`, { cwd: root }))
  .filter((file) => !/\.test\.ts$|^deploy\/testing\//.test(file));
const filesWith = (pattern: RegExp) => sources.filter((file) => pattern.test(readFileSync(join(root, file), 'utf8')));

test('only the page for people has cookies; elsewhere tokens are the only sessions', () => {
  assert.deepEqual(filesWith(/set-cookie|['"`]cookie['"`]|(?<!\.erlang)\.cookies?\b/i).toSorted(), [
    'services/dashboard/sessions/handlers.ts',
    'services/dashboard/sessions/operations.ts',
  ]);
});

test('OSSN-0037: no response is compressed, so its length reveals no secret', () => {
  const compressing = filesWith(
    /accept-encoding|(gzip|deflate|brotliCompress)Sync|create(Gzip|Deflate|BrotliCompress)\b/i,
  );
  assert.deepEqual(compressing.toSorted(), ['deploy/backup/archive.ts', 'deploy/package/control.ts']); // these write files
});

const evil = `"'><script>alert(1)</script><img src=x onerror=alert(1)>{{7*7}}`;
const isHarmless = (html: string) => assert.doesNotMatch(html, /<script>alert|<img/);

test('OSSA-2012-004, OSSA-2013-036, OSSA-2014-010, OSSA-2014-023, OSSA-2014-027, OSSA-2015-009, OSSA-2015-010, OSSA-2016-010, OSSA-2017-003, OSSA-2026-006: pages are written in six places, and none lets users write into them', () => {
  assert.deepEqual(filesWith(/(['"]|: )text\/html; ?charset/i).toSorted(), [
    'services/compute/console-proxy/files.ts',
    'services/dashboard/files/operations.ts',
    'services/identity/federation/sign-on-page.ts',
    'services/image/dialect.ts',
    'services/object-store/dialect.ts',
    'services/object-store/features/static-web.ts', // its names are escaped: web.test.ts
  ]);
  const context = { id: 'req-1', version: undefined, header: () => undefined };
  for (const dialect of [glance('http://identity'), swift('http://identity')])
    isHarmless(String(dialect.fault(forbidden(evil), context).body));
  const page = signOnPage(evil, evil);
  isHarmless(page.html);
  assert.match(page.headers['content-security-policy'], /^default-src 'none'/);
  const scripts = sources.filter((file) => /^services\/(compute\/console-proxy|dashboard)\/page\//.test(file));
  assert.ok(scripts.length > 5);
  for (const file of scripts)
    assert.doesNotMatch(
      readFileSync(join(root, file), 'utf8'),
      /innerHTML|outerHTML|insertAdjacentHTML|document\.write|dangerouslySetInnerHTML/,
    );
});

test('OSSA-2012-012, OSSA-2020-008: no route redirects to a URL in its query', async (t) => {
  const world = await openIdentity(t);
  const token = await world.admin();
  const places = [
    '//evil.example',
    'https://evil.example',
    '/\\evil.example',
    '%2f%2fevil.example',
    'javascript:alert(1)',
  ];
  const paths = [...new Set(routes.filter(({ method }) => method === 'get').map(({ path }) => path))];
  for (const path of paths) {
    const place = places[path.length % places.length] ?? '';
    const query = ['next', 'origin', 'return_to', 'redirect'].map((name) => `${name}=${place}`).join('&');
    const url = `${path.replace(/^\/v3/, '').replace(/:\w+/g, 'x')}?${query}`;
    const { status, headers } = await world.ask('GET', url, { token });
    assert.ok(status < 300 || status >= 400 || status === 300, `${path} ${status}`);
    assert.doesNotMatch(headers.get('location') ?? '', /evil|javascript/);
  }
});

test('OSSN-0097: every value in openrc is quoted for the shell', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'openrc-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const region = `$(touch ${folder}/a)\`touch ${folder}/b\`";'; touch ${folder}/c; '\ntouch ${folder}/d\n`;
  const file = join(folder, 'openrc');
  writeFileSync(file, openrc('http://127.0.0.1:5000/v3', region, region));
  const { stdout } = spawnSync('sh', ['-c', `. ${file}; printf %s "$OS_REGION_NAME"`], { encoding: 'utf8' });
  assert.equal(stdout, region);
  for (const name of ['a', 'b', 'c', 'd']) assert.ok(!existsSync(join(folder, name)), name);
});
