/** The Debian package, without systemd: what is in it, and its life on a machine. test/package starts it under systemd. */
import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { after, before, test } from 'node:test';
import { run, tryRun } from '#shared/process/run.ts';
import { runInOverlay } from '../../test/fakes/in-overlay.ts';
import { root } from '../setup/paths.js';
import { buildDeb } from './build-deb.ts';
import { buildNpm } from './build-npm.ts';

const needsRoot = { skip: process.getuid?.() === 0 ? false : 'needs root' };
const folder = mkdtempSync(join(tmpdir(), 'package-'));
chmodSync(folder, 0o755); // otherwise the directory of a cloud becomes a link
after(() => rmSync(folder, { recursive: true }));
let file = '';
let files: readonly string[] = [];

before(async () => {
  file = await buildDeb({ commit: 'HEAD', output: folder, compression: 'none' });
  files = (await run(['dpkg-deb', '--contents', file])).stdout.split('\n').filter(Boolean);
});

const named = (path: string) => files.find((line) => line.includes(` .${path}`));

test('the package has Node, the sources and what they load, and nothing of the development', () => {
  for (const path of ['/usr/bin/wattle', '/usr/lib/wattle/deploy/main.js', '/usr/lib/wattle/node_modules/.bin/node'])
    assert.ok(named(path), path);
  for (const name of ['express', 'knex', 'mysql2', 'amqplib', 'ws'])
    assert.ok(named(`/usr/lib/wattle/node_modules/${name}/`));
  const foreign = files.filter((line) =>
    /\.test\.ts|\/test\/|node_modules\/(typescript|@biomejs)|\/testing\//.test(line),
  );
  assert.deepEqual(foreign, []);
});

test('all files belong to root, and only root may write them', () => {
  const odd = files.filter((line) => !/^.{5}-.{2}-.{1} root\/root |^l/.test(line));
  assert.deepEqual(odd, []);
});

/** Each line of output that begins with = is looked at. */
const life = (name: string) => `
dpkg -i /tmp/given/${name} >/dev/null
echo "=user $(getent passwd wattle | cut -d: -f6,7)"
echo "=running $(ps ax | grep -c '[m]ain.js' || true)"
systemd-analyze verify /usr/lib/systemd/system/wattle.service /usr/lib/systemd/system/wattle-controller.service \\
  /usr/lib/systemd/system/wattle@.service && echo "=units verified"
systemd-analyze security --offline=true --threshold=25 wattle-controller.service >/dev/null && echo "=controller is confined"
systemd-analyze security --offline=true --threshold=90 wattle.service >/dev/null && echo "=node is confined as far as it can be"
echo "=version $(wattle help | grep -c 'wattle start')"
WATTLE_ADDRESS=127.9.9.9 wattle start --role identity > /tmp/started
grep -q 'identity *http://127.9.9.9:5000' /tmp/started && echo "=identity runs"
for each in $(seq 100); do [ -s /var/log/wattle/identity-requests.log ] && break; sleep 0.1; done
[ -s /var/log/wattle/identity-requests.log ] && [ "$(stat -c %a /var/lib/wattle/secrets)" = 700 ] && echo "=logs and secrets in place"
echo '# mine' >> /etc/wattle/wattle.yaml
WATTLE_ADDRESS=127.9.9.9 wattle stop
dpkg -i /tmp/given/${name} >/dev/null 2>&1
grep -q '# mine' /etc/wattle/wattle.yaml && echo "=settings survive an upgrade"
logrotate --debug /etc/logrotate.d/wattle >/dev/null 2>&1 && echo "=logs are rotated"
dpkg -r wattle >/dev/null 2>&1
[ -e /etc/wattle/wattle.yaml ] && [ -e /var/lib/wattle/id ] && [ ! -e /usr/lib/wattle ] && echo "=removed, with its data kept"
dpkg -P wattle >/dev/null 2>&1
[ -e /var/lib/wattle/id ] && [ ! -e /etc/wattle ] && [ ! -e /var/log/wattle ] && [ ! -e /var/cache/wattle ] && echo "=purged, but for the cloud"
`;

test('it installs, starts nothing, runs from PATH, is upgraded, removed and purged', needsRoot, async () => {
  const { stdout, stderr } = await runInOverlay(folder, life(basename(file)));
  const said = stdout.split('\n').filter((line) => line.startsWith('='));
  assert.deepEqual(
    said,
    [
      '=user /var/lib/wattle:/usr/sbin/nologin',
      '=running 0',
      '=units verified',
      '=controller is confined',
      '=node is confined as far as it can be',
      '=version 1',
      '=identity runs',
      '=logs and secrets in place',
      '=settings survive an upgrade',
      '=logs are rotated',
      '=removed, with its data kept',
      '=purged, but for the cloud',
    ],
    stderr,
  );
});

test('the npm package runs from below node_modules, where Node strips no types', async (t) => {
  const packed = await buildNpm({ commit: 'HEAD', output: folder });
  const modules = join(folder, 'node_modules');
  mkdirSync(modules);
  await run(['tar', '--extract', `--file=${packed}`, `--directory=${modules}`]);
  const installed = join(modules, 'package');
  symlinkSync(join(root, 'node_modules'), join(installed, 'node_modules'));
  const description = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8')) as Record<string, unknown>;
  assert.deepEqual(
    [description.private, description.devDependencies, description.scripts],
    [undefined, undefined, undefined],
  );
  const address = `127.${randomInt(1, 250)}.${randomInt(250)}.${randomInt(1, 250)}`;
  const env = { WATTLE_VAR: join(folder, 'var'), WATTLE_ADDRESS: address, WATTLE_CACHE: join(folder, 'cache') };
  const wattle = (...args: string[]) =>
    tryRun([process.execPath, join(installed, 'deploy/wattle.js'), ...args], { env, timeoutMs: 180_000 });
  t.after(() => wattle('purge', '--yes'));
  const { code, stdout, stderr } = await wattle(
    'start',
    '--role',
    'identity,placement,image,network,volume,object-store',
  );
  assert.equal(code, 0, stdout + stderr);
  assert.match(stdout, new RegExp(`identity +http://${address}:5000`));
});
