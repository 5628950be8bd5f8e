/** A guest that is a storage host: built once from Debian packages, booted under TCG for one run of tests. */
import { createHash } from 'node:crypto';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { run, tryRun } from '#shared/process/run.ts';
import { cache } from '../../deploy/setup/paths.js';

const here = import.meta.dirname;
const root = join(here, '../..');
const minutes = 60_000;

/** Returns its directory; built again when its recipe or Node changes. */
async function ensureGuest(): Promise<string> {
  const hash = createHash('sha256').update(process.version);
  for (const name of ['build.sh', 'initrd-init', 'guest-init']) hash.update(readFileSync(join(here, name)));
  const built = join(cache, `storage-guest-${hash.digest('hex').slice(0, 12)}`);
  if (existsSync(built)) return built;
  process.stderr.write('building the storage guest from Debian packages (one to five minutes)\n');
  const fresh = `${built}.${process.pid}`;
  try {
    await run(['bash', join(here, 'build.sh'), fresh, process.execPath], { timeoutMs: 20 * minutes });
    renameSync(fresh, built);
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
  return built;
}

/** Copies the test files and all that they import, packages included. */
function copyFiles(files: string, tests: readonly string[]): void {
  const found = new Set(['package.json', ...tests]);
  const packages = new Set<string>();
  for (const path of found)
    for (const name of importsOf(path)) {
      if (name.startsWith('#')) found.add(name.slice(1));
      else if (name.startsWith('.')) found.add(join(dirname(path), name));
      else if (!name.startsWith('node:')) packagesOf(name, packages);
    }
  for (const path of [...found, ...[...packages].map((name) => join('node_modules', name))])
    cpSync(join(root, path), join(files, 'wattle', path), { recursive: true, dereference: true });
  cpSync(join(here, 'main'), join(files, 'main'));
  chmodSync(join(files, 'main'), 0o755);
  writeFileSync(join(files, 'tests'), tests.join(' '));
}

function importsOf(path: string): string[] {
  if (!path.endsWith('.ts')) return [];
  const text = readFileSync(join(root, path), 'utf8');
  return [...text.matchAll(/(?:\bfrom|^import) '([^']+)'/gm)].map(([, name = '']) => name);
}

/** A package and its dependencies. */
function packagesOf(name: string, found: Set<string>): void {
  if (found.has(name)) return;
  found.add(name);
  const { dependencies = {} } = JSON.parse(readFileSync(join(root, 'node_modules', name, 'package.json'), 'utf8'));
  for (const each of Object.keys(dependencies)) packagesOf(each, found);
}

export interface Outcome {
  /** Of the test run; null when the guest did not get as far. */
  readonly code: number | null;
  readonly console: string;
}

/** Runs the tests of driver `lvm` in these files, in a fresh guest with an empty second disk. */
export async function runInGuest(tests: readonly string[]): Promise<Outcome> {
  const guest = await ensureGuest();
  const work = mkdtempSync(join(tmpdir(), 'storage-guest-'));
  try {
    const files = join(work, 'files');
    mkdirSync(files);
    copyFiles(files, tests);
    await appendToInitrd(guest, work);
    await run(['qemu-img', 'create', '-q', '-f', 'qcow2', join(work, 'pool.qcow2'), '8G']);
    const backing = ['-F', 'raw', '-b', join(guest, 'root.ext4')];
    await run(['qemu-img', 'create', '-q', '-f', 'qcow2', ...backing, join(work, 'root.qcow2')]);
    const { stdout } = await tryRun(qemu(guest, work), { timeoutMs: 25 * minutes });
    const [, code] = stdout.match(/^GUEST-EXIT (\d+)/m) ?? [];
    return { code: code === undefined ? null : Number(code), console: stdout };
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** The kernel reads several archives, one after the other. */
async function appendToInitrd(guest: string, work: string): Promise<void> {
  const { stdout } = await run(['find', 'files'], { cwd: work });
  const archive = join(work, 'files.cpio');
  await run(['cpio', '-o', '-H', 'newc', '--quiet', '-F', archive], { cwd: work, input: stdout });
  const whole = Buffer.concat([readFileSync(join(guest, 'initrd')), Buffer.alloc(512 - 1), readFileSync(archive)]);
  writeFileSync(join(work, 'initrd'), whole);
}

/** The clock: by the time stamp counter it runs several times too fast under load. */
const kernelArguments = 'console=ttyS0 quiet panic=-1 no_timer_check tsc=unstable clocksource=acpi_pm mitigations=off';

function qemu(guest: string, work: string): string[] {
  const disk = (name: string) => [
    '-drive',
    `if=none,id=${name},file=${join(work, `${name}.qcow2`)},format=qcow2,cache=unsafe`,
    '-device',
    `virtio-blk-pci,drive=${name}`,
  ];
  return [
    ...['qemu-system-x86_64', '-accel', 'tcg,thread=multi', '-cpu', 'max', '-M', 'pc', '-m', '1536'],
    ...['-nodefaults', '-no-user-config', '-display', 'none', '-no-reboot', '-serial', 'stdio', '-nic', 'none'],
    ...['-kernel', join(guest, 'vmlinuz'), '-initrd', join(work, 'initrd'), '-append', kernelArguments],
    ...disk('root'),
    ...disk('pool'),
  ];
}
