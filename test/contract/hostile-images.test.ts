/** Images that try to read files of the host. The agents run under strace, which shows every file that they open. */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { inspect } from '#shared/images/inspect.ts';
import { BadImage, bytesOf } from '#shared/images/reader.ts';
import { run, tryRun } from '#shared/process/run.ts';
import { recipes } from '../fakes/hostile-images/recipes.ts';

const has = (program: string) =>
  tryRun([program, '--version']).then(
    () => true,
    () => false,
  );
const traced = { skip: !((await has('strace')) && (await has('qemu-img'))) && 'strace and qemu-img are needed' };

test(`OSSA-2023-002, OSSA-2024-001, OSSA-2024-002, OSSA-2015-014: each of ${recipes.length} hostile images is refused by inspecting its data`, async () => {
  assert.ok(recipes.length >= 120, `${recipes.length} recipes`);
  assert.equal(new Set(recipes.map(({ name, format }) => `${format} ${name}`)).size, recipes.length);
  for (const { name, format, bytes } of recipes)
    await assert.rejects(inspect(bytesOf(bytes('/etc/passwd')), format), BadImage, `${name}, declared as ${format}`);
});

interface Line {
  readonly name: string;
  readonly format: string;
  readonly compute?: string;
  readonly volume?: string;
  readonly tool?: string;
}

/** The result for each image, and the system calls that open files, start programs or connect. */
async function traceAgents(t: TestContext, mode: 'agents' | 'honest' | 'tool') {
  const folder = await mkdtemp(join(tmpdir(), 'hostile-'));
  t.after(() => rm(folder, { recursive: true }));
  await chmod(folder, 0o755); // directory permissions must not be what prevents reading
  const secret = join(folder, 'secret-of-the-host');
  await writeFile(secret, 'secret\n'.repeat(1000), { mode: 0o644 });
  const trace = join(folder, 'trace');
  const calls = 'trace=open,openat,openat2,execve,connect,sendto';
  const child = [process.execPath, 'test/fakes/hostile-images/agents.ts', folder, secret, mode];
  const { stdout } = await run(['strace', '-f', '-qq', '--seccomp-bpf', '-e', calls, '-o', trace, '--', ...child], {
    timeoutMs: 120_000,
  });
  const lines = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);
  return { lines, calls: (await readFile(trace, 'utf8')).split('\n') };
}

const opensSecret = (call: string) => /open(at|at2)?\(.*secret-of-the-host/.test(call);
const startsTool = (call: string) => /execve\(.*"qemu-(img|io|nbd)"/.test(call) && / = 0$/.test(call);

test('OSSA-2015-014, OSSA-2023-002: no agent passes a hostile image to a QEMU tool', traced, async (t) => {
  const { lines, calls } = await traceAgents(t, 'agents');
  assert.equal(lines.length, recipes.length);
  for (const { name, format, compute, volume } of lines)
    for (const result of [compute, volume]) assert.match(result ?? '', /^Fault: /, `${name}, declared as ${format}`);
  assert.deepEqual(calls.filter(startsTool), []);
  assert.deepEqual(calls.filter(opensSecret), []);
});

test('the same agents accept valid images, and the trace shows their QEMU tools', traced, async (t) => {
  const { lines, calls } = await traceAgents(t, 'honest');
  for (const { format, compute, volume } of lines)
    if (format !== 'vhdx') assert.deepEqual([compute, volume], ['used', 'used'], format); // this example is a header without data
  assert.ok(calls.filter(startsTool).length >= lines.length);
});

test(
  'FIX-CI-IMGPATH: a QEMU tool opens no backing file, even of an image that was not inspected',
  traced,
  async (t) => {
    const { lines, calls } = await traceAgents(t, 'tool');
    assert.ok(lines.length >= 60, `${lines.length} images`);
    assert.ok(calls.filter(startsTool).length >= lines.length, 'each image reached the tool');
    assert.deepEqual(calls.filter(opensSecret), []);
    const connections = calls.filter((call) => /connect\(.*AF_INET|sendto\(.*AF_INET/.test(call));
    assert.deepEqual(connections, []);
  },
);

test('OSSA-2026-002: only one module starts QEMU tools, and names the driver of each file', () => {
  const files = globSync('{services,shared}/**/*.ts').filter((file) => !file.endsWith('.test.ts'));
  const starts = files.filter((file) => /['"`]qemu-(img|io|nbd)['"`]/.test(readFileSync(file, 'utf8')));
  assert.deepEqual(starts, ['shared/images/qemu-img.ts']);
  const text = readFileSync('shared/images/qemu-img.ts', 'utf8');
  assert.equal(
    text.match(/driver,\n\s+file: \{ driver: protocolOf\(/g)?.length,
    1,
    'all sources are built in one place',
  );
});
